// The visitor's view of `/`: new content is visible, and typed text is never lost.
//
// With the page's own content security policy, so a violation fails the test.

import { Buffer } from "node:buffer";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, launch, open, Server } from "./server.ts";
import { inViewport, outOfView, SIZES } from "./in-view.ts";
import { PASSWORD, withTeam } from "./pods.ts";
import { shot } from "./shot.ts";

const PRODUCT = "kettleby-ke-9";
const OTHER = "quellwerk-qw-61";
const KNOWN = "How do I descale the machine?";
/** A PNG of one pixel. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

let server: Server;
let browser: Browser;
let yael: Page;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(withTeam()), launch()]);
  ({ page: yael } = await open(browser, `${server.address}/agent`));
  await yael.locator("input[type=email]").fill("yael@example.test");
  await yael.locator("input[type=password]").fill(PASSWORD);
  await yael.keyboard.press("Enter");
  await yael.locator("#agent[data-link=open]").waitFor();
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

const composer = (page: Page) => page.locator(".composer textarea");
const entry = (page: Page, words: string) => page.locator(".entry", { hasText: words });

function visit(path: string, options: BrowserContextOptions = {}) {
  return open(browser, `${server.address}${path}`, options);
}

async function ask(page: Page, question: string): Promise<void> {
  await composer(page).fill(question);
  await page.keyboard.press("Enter");
  await page.locator(".turn[data-stage=done]", { hasText: question }).last().waitFor();
}

/** Requests an agent, who takes the conversation. */
async function meet(page: Page, reason: string): Promise<void> {
  await page.locator(".handoff").getByRole("button", { name: "Talk to a person" }).click();
  await page.locator(".handoff textarea").fill(reason);
  await page.keyboard.press("Enter");
  // After a take the console shows the agent's conversation.
  await yael.getByRole("tab", { name: /Waiting/ }).click();
  await yael.locator(".ticket", { hasText: reason }).click();
  await yael.locator("[data-action=take]").click();
  await page.getByText("Yael is in this chat.").waitFor();
}

async function write(words: string): Promise<void> {
  await yael.locator(".desk-composer textarea").fill(words);
  await yael.keyboard.press("Enter");
}

async function closeChat(page: Page): Promise<void> {
  await yael.locator("[data-action=close]").click();
  await yael.getByRole("button", { name: "Yes, end chat" }).click();
  await entry(page, "The conversation was closed.").waitFor();
  await page.close();
}

async function attachPicture(page: Page): Promise<void> {
  await page.locator(".composer input[type=file]").setInputFiles({ name: "cup.png", mimeType: "image/png", buffer: PICTURE });
  await page.locator(".composer .attached img").waitFor();
}

for (const { name, viewport } of SIZES) {
  describe(name, () => {
    test("an answer is read from its beginning, an agent's messages come into view, and a reader further up is told", async () => {
      const { page, wrong } = await visit(`/?product=${PRODUCT}`, { viewport });
      await ask(page, KNOWN);
      await inViewport("the question", page.locator(".turn .question"));
      await meet(page, "It still blinks");
      await inViewport("that the agent has joined", entry(page, "Yael has joined."));
      await write("Which light blinks?");
      await inViewport("the agent's message", entry(page, "Which light blinks?"));
      expect(await page.title()).toBe("Product support · HSC");

      // A visitor who reads further up is not scrolled.
      await page.locator(".scroll").evaluate((scroll) => {
        scroll.scrollTop = 0;
      });
      await inViewport("the question again", page.locator(".turn .question"));
      await write("Hold it for five seconds.");
      await write("Does it stop?");
      const button = page.getByRole("button", { name: "2 new messages" });
      await inViewport("the button that tells of them", button);
      expect(await page.title()).toBe("(2) Product support · HSC");
      expect(await outOfView(page.locator(".turn .question"))).toBeUndefined();
      expect(await outOfView(entry(page, "Does it stop?"))).toBeDefined();
      await button.click();
      await inViewport("the first of them", entry(page, "Hold it for five seconds."));
      await inViewport("the last of them", entry(page, "Does it stop?"));
      await eventually("the badge is gone", async () => (await page.title()) === "Product support · HSC");
      expect(await page.locator(".newer").isHidden()).toBe(true);
      expect(wrong).toEqual([]);
      await closeChat(page);
    });

    test("an agent who is asked for before any product is in view, and the picker takes one line", async () => {
      const { page, wrong } = await visit("/", { viewport });
      await page.locator(".sample .card").first().waitFor();
      await meet(page, "My order");
      await inViewport("that the agent has joined", entry(page, "Yael has joined."));
      await write("Tell me its number.");
      await inViewport("the agent's message", entry(page, "Tell me its number."));
      await inViewport("where the visitor writes", composer(page));
      expect(await page.locator(".sample").isHidden()).toBe(true);
      const head = await page.locator(".head").boundingBox();
      expect(head?.height).toBeLessThan(viewport.height / 6);
      await page.getByRole("button", { name: "Choose a product" }).click();
      await page.keyboard.type("ke9");
      await page.getByRole("listbox").getByRole("option").filter({ hasText: /KE-9/ }).first().click();
      await page.getByRole("heading", { level: 1, name: /KE-9/ }).waitFor();
      await inViewport("the agent's message still", entry(page, "Tell me its number."));
      expect(wrong).toEqual([]);
      await closeChat(page);
    });

    test("a picture that no model looks at is said to be unseen, where the manual answers and where it does not", async () => {
      const { page, wrong } = await visit(`/?product=${PRODUCT}`, { viewport });
      for (const [question, note] of [[KNOWN, "I cannot see pictures"], ["Who won the cup in 1966?", "Only a person can see pictures"]] as const) {
        await attachPicture(page);
        await ask(page, question);
        await inViewport(`the note on the picture of “${question}”`, page.locator(".turn", { hasText: question }).getByText(note));
      }
      await shot(page, "picture-unseen");
      expect(wrong).toEqual([]);
      await page.context().close();
    });

    test("a picture is sent to an agent, and what cannot be sent stays in the thread until it is", async () => {
      const { page, wrong } = await visit(`/?product=${PRODUCT}`, { viewport });
      await meet(page, `A picture ${name}`);
      await attachPicture(page);
      await composer(page).fill("This is the light.");
      await page.keyboard.press("Enter");
      await page.locator(".entry[data-sent=true]", { hasText: "This is the light." }).locator("img").waitFor();
      await yael.locator(".item", { hasText: "This is the light." }).locator("img").waitFor();
      expect(wrong).toEqual([]);

      await page.route("**/api/uploads", (route) => route.abort());
      await attachPicture(page);
      await composer(page).fill("And this is the tank.");
      await page.keyboard.press("Enter");
      const unsent = entry(page, "And this is the tank.");
      await inViewport("that it was not sent", unsent.locator(".entry-trouble", { hasText: "Not sent." }));
      expect(await unsent.locator("img").getAttribute("src"), "the picture is still there").toMatch(/^data:/);
      // Later messages are sent.
      await composer(page).fill("Did you get it?");
      await page.keyboard.press("Enter");
      await page.locator(".entry[data-sent=true]", { hasText: "Did you get it?" }).waitFor();
      expect(await yael.locator(".item", { hasText: "And this is the tank." }).count()).toBe(0);
      await page.unroute("**/api/uploads");
      await unsent.getByRole("button", { name: "Retry" }).click();
      await page.locator(".entry[data-sent=true]", { hasText: "And this is the tank." }).locator("img").waitFor();
      await yael.locator(".item", { hasText: "And this is the tank." }).locator("img").waitFor();
      expect(await entry(page, "And this is the tank.").count()).toBe(1);
      await closeChat(page);
    });
  });
}

test("a message that was on its way as the page was loaded again is still there", async () => {
  const { page } = await visit(`/?product=${PRODUCT}`);
  await meet(page, "A slow line");
  // The upload never completes and never fails.
  await page.route("**/api/uploads", () => undefined);
  await attachPicture(page);
  await composer(page).fill("Half of it");
  await page.keyboard.press("Enter");
  await entry(page, "Half of it").getByText("Sending…").waitFor();
  await composer(page).fill("not sent yet");
  await page.reload();
  await entry(page, "Half of it").getByText("Not sent.").waitFor();
  expect(await composer(page).inputValue()).toBe("not sent yet");
  await page.unrouteAll();
  await page.getByText("Yael is in this chat.").waitFor();
  await eventually("it is sent again", async () => {
    const retry = entry(page, "Half of it").getByRole("button", { name: "Retry" });
    if ((await retry.count()) > 0) await retry.click();
    return (await page.locator(".entry[data-sent=true]", { hasText: "Half of it" }).count()) === 1;
  });
  await yael.locator(".item", { hasText: "Half of it" }).locator("img").waitFor();
  await closeChat(page);
});

describe("another product", () => {
  test("is marked in the thread, and a question that is asked again is about its own product", async () => {
    const { page, wrong } = await visit(`/?product=${PRODUCT}`);
    await ask(page, KNOWN);
    await page.getByRole("button", { name: "Change product" }).click();
    await page.keyboard.type("qw61");
    await page.getByRole("listbox").getByRole("option").filter({ hasText: /QW-61/ }).first().click();
    const mark = page.locator(".product-change");
    await mark.filter({ hasText: /About.*QW-61/ }).waitFor();
    await ask(page, "How many voices does it have?");
    await inViewport("the mark above the question", mark);
    await page.locator(".turn").first().getByRole("button", { name: "Ask again" }).click();
    await page.locator(".turn").nth(2).waitFor();
    await page.locator(".turn:last-child[data-stage=done]").waitFor();
    await page.getByRole("heading", { level: 1, name: /KE-9/ }).waitFor();
    expect(await mark.allTextContents()).toEqual([expect.stringContaining("QW-61"), expect.stringContaining("KE-9")]);
    expect(await page.locator(".turn:last-child .cite").first().getAttribute("href")).toContain(`/manuals/${PRODUCT}#`);
    expect(wrong).toEqual([]);
  });

  test("Back goes to the picker and to the product before, Forward and a reload show what the address says", async () => {
    const { page } = await visit("/");
    const title = (name: RegExp | string) => page.getByRole("heading", { level: 1, name });
    await page.locator(".sample .card", { hasText: "KE-9" }).click();
    await title(/KE-9/).waitFor();
    await ask(page, KNOWN);
    const chip = page.getByRole("list", { name: "Accessories" }).getByRole("button").first();
    const accessory = (await chip.textContent()) ?? "";
    await chip.click();
    await title(accessory).waitFor();

    await page.goBack();
    await title(/KE-9/).waitFor();
    await page.goBack();
    await title("Which product is it?").waitFor();
    await inViewport("the picker", page.getByRole("combobox", { name: "Product" }));
    await inViewport("an offered product", page.locator(".sample .card").first());
    expect(new URL(page.url()).origin).toBe(server.address);
    expect(await page.locator(".turn").first().isVisible()).toBe(false);
    await page.reload();
    await title("Which product is it?").waitFor();
    await page.goForward();
    await title(/KE-9/).waitFor();
    await inViewport("the conversation", page.locator(".turn .foot"));
    await page.reload();
    await title(/KE-9/).waitFor();
    expect(await page.locator(".turn").count()).toBe(1);
  });
});

test("the start page offers every product that has a manual, and questions out of that manual", async () => {
  const { page } = await open(browser, "about:blank");
  interface Lean {
    product: { id: string; name: string; manual: boolean };
  }
  let sample: Lean[] | undefined;
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const frame = JSON.parse(String(payload)) as { type: string; data: Lean[] };
      if (frame.type === "prediction") sample ??= frame.data;
    });
  });
  await page.goto(server.address);
  await page.locator(".sample .card").first().waitFor();
  const withManual = (sample ?? []).filter(({ product }) => product.manual).map(({ product }) => product.name);
  const cards = await page.locator(".sample .card-name").allTextContents();
  expect(cards.sort()).toEqual(withManual.sort());
  expect(cards.length).toBeGreaterThan(5);

  const suggested = async (id: string): Promise<string[]> => {
    await page.goto(`${server.address}/?product=${id}`);
    await page.locator(".examples .card").first().waitFor();
    return page.locator(".examples .card").allTextContents();
  };
  const [one, other] = [await suggested(PRODUCT), await suggested(OTHER)];
  expect(one.filter((question) => other.includes(question))).toEqual([]);
  await page.locator(".examples .card").first().click();
  await page.locator(".turn[data-stage=done] .source").first().waitFor();

  // An accessory without a manual: nothing is suggested.
  await page.goto(`${server.address}/?product=kettleby-kg-4`);
  await page.getByText("No manual").waitFor();
  expect(await page.locator(".examples").isVisible()).toBe(false);
});

test("the scenario is asked for where the product is used on stage or in a studio, and nowhere else", async () => {
  const { page } = await visit(`/?product=${OTHER}`);
  const studio = page.getByRole("radio", { name: "Studio" });
  await inViewport("the choice of a scenario", page.locator(".scenarios"));
  await page.locator(".scenarios label", { hasText: "Studio" }).click();
  expect(await studio.isChecked()).toBe(true);
  const frames: { type: string; scenario?: string }[] = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => frames.push(JSON.parse(String(payload)) as (typeof frames)[number])));
  await page.goto(`${server.address}/?product=${PRODUCT}`);
  await page.getByText("Made in").waitFor();
  expect(await page.getByRole("radio", { name: "Studio" }).count()).toBe(0);
  await ask(page, KNOWN);
  expect(frames.filter(({ type }) => type === "lock_and_query").map(({ scenario }) => scenario)).toEqual(["general"]);
});

describe("with little room", () => {
  for (const [what, viewport] of [
    ["a phone with its keyboard open", { width: 390, height: 400 }],
    ["a phone that lies on its side", { width: 640, height: 360 }],
    ["a page at 200 %", { width: 640, height: 400 }],
  ] as const) {
    test(`at least half of the height is for the conversation: ${what}`, async () => {
      for (const product of [PRODUCT, OTHER]) {
        const { page } = await visit(`/?product=${product}`, { viewport });
        await page.getByRole("link", { name: "Manual" }).waitFor();
        await ask(page, "How do I connect it?");
        const room = await page.evaluate(() => {
          const scroll = document.querySelector(".scroll")?.getBoundingClientRect();
          const head = document.querySelector(".head")?.getBoundingClientRect();
          return (scroll?.bottom ?? 0) - Math.max(scroll?.top ?? 0, head?.bottom ?? 0);
        });
        expect(room, product).toBeGreaterThanOrEqual(viewport.height / 2);
        await inViewport("where the visitor writes", composer(page));
        await inViewport("the question", page.locator(".turn .question"));
        await inViewport("the way to an agent", page.locator(".handoff-wish"));
        // The accessories are collapsed, and one click opens them.
        expect(await page.locator(".related").isVisible()).toBe(false);
        await page.getByRole("button", { name: "Accessories" }).click();
        await inViewport("an accessory", page.locator(".related .chip").first());
        await page.close();
      }
    });
  }
});

describe("a change of the language", () => {
  const speak = (page: Page, language: string) => page.locator("#language").selectOption(language);

  test("keeps the question and its picture, and what is written into each form", async () => {
    const { page } = await visit("/");
    await page.getByRole("combobox", { name: "Product" }).fill("kettl");
    await speak(page, "he");
    expect(await page.locator(".search input").inputValue()).toBe("kettl");
    await page.goto(`${server.address}/?product=${PRODUCT}`);
    await composer(page).fill("A long question");
    await attachPicture(page);
    await speak(page, "en");
    await page.getByRole("button", { name: "Talk to a person" }).waitFor();
    expect(await composer(page).inputValue()).toBe("A long question");
    await page.locator(".composer .attached img").waitFor();
    await page.getByRole("button", { name: "Talk to a person" }).click();
    await page.locator(".handoff textarea").fill("Why I ask");
    await speak(page, "he");
    expect(await page.locator(".handoff textarea").inputValue()).toBe("Why I ask");
    expect(await composer(page).inputValue()).toBe("A long question");
    await speak(page, "en");
    await page.getByRole("button", { name: "Cancel" }).click();
    await ask(page, KNOWN);
    await page.locator(".turn").getByRole("button", { name: "This helped" }).click();
    await page.locator(".opinion textarea").fill("The steps");
    await speak(page, "he");
    expect(await page.locator(".opinion textarea").inputValue()).toBe("The steps");
    await speak(page, "en");
    await page.getByRole("button", { name: "No comment" }).click();
    await page.getByRole("button", { name: "End conversation" }).click();
    await page.locator(".marks .mark").nth(3).click();
    await page.locator(".ending textarea").fill("Fine");
    await speak(page, "he");
    expect(await page.locator(".ending textarea").inputValue()).toBe("Fine");
    expect(await page.locator(".marks input:checked").getAttribute("value")).toBe("4");
  });

  test("keeps what is typed into the sign-in", async () => {
    const { page } = await visit("/sign-in");
    await page.locator("input[type=email]").fill("yael@example.test");
    await page.locator("input[type=password]").fill("half a pass");
    await speak(page, "he");
    expect(await page.locator("input[type=email]").inputValue()).toBe("yael@example.test");
    expect(await page.locator("input[type=password]").inputValue()).toBe("half a pass");
  });
});
