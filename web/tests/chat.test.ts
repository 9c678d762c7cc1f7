// The chat from a visitor's view: type, pick, ask, read the citation, follow it to the page.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, launch, open, Server } from "./server.ts";

const QUESTION = "How do I descale the machine?";
const answered = ".turn:last-child[data-stage=done]";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

const field = (page: Page) => page.getByRole("combobox", { name: "Product" });
// The language select has options too.
const options = (page: Page) => page.getByRole("listbox").getByRole("option");
const question = (page: Page) => page.getByRole("textbox", { name: "Your question" });

async function pickByKeys(page: Page, typed: string, name: RegExp): Promise<void> {
  await field(page).pressSequentially(typed);
  await options(page).filter({ hasText: name }).first().waitFor();
  await field(page).press("Enter");
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

describe("the chat", () => {
  test("finds a product by a few letters, marks them, and the arrows walk through the list", async () => {
    const { page, wrong } = await open(browser, server.address);
    await field(page).pressSequentially("ke9");
    const first = options(page).first();
    await first.getByText("KE-9").waitFor();
    expect((await first.locator("mark").allTextContents()).join("")).toMatch(/KE.*9/);
    expect(await field(page).getAttribute("aria-expanded")).toBe("true");
    expect(await field(page).getAttribute("aria-activedescendant")).toBe(await first.getAttribute("id"));
    await page.locator("[aria-live=polite]").getByText("product").waitFor();

    await field(page).fill("kettleby");
    await eventually("the list is of the brand", async () => (await options(page).count()) > 2);
    await field(page).press("ArrowDown");
    const second = options(page).nth(1);
    expect(await second.getAttribute("aria-selected")).toBe("true");
    expect(await field(page).getAttribute("aria-activedescendant")).toBe(await second.getAttribute("id"));
    await field(page).press("ArrowUp");
    await field(page).press("ArrowUp");
    expect(await options(page).last().getAttribute("aria-selected")).toBe("true");

    await field(page).fill("zzzzqqqqxxxx");
    await page.getByText("No product matches").first().waitFor();
    await field(page).press("Escape");
    expect(await field(page).inputValue()).toBe("");
    expect(wrong).toEqual([]);
  });

  test("a prediction is picked with the mouse", async () => {
    const { page, wrong } = await open(browser, server.address);
    await field(page).pressSequentially("kettleby");
    await eventually("the list is of the brand", async () => (await options(page).count()) > 2);
    const second = options(page).nth(1);
    const name = (await second.locator(".option-name").textContent()) ?? "";
    await second.hover();
    expect(await second.getAttribute("aria-selected")).toBe("true");
    const box = await second.boundingBox();
    if (box === null) throw new Error("it is on the page");
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.up();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    expect(await options(page).count()).toBe(0);
    // The focus has moved to the question.
    await page.keyboard.type("Is it heavy?");
    expect(await question(page).inputValue()).toBe("Is it heavy?");
    expect(wrong).toEqual([]);
  });

  test("answers from the manual, and the citation opens the manual at its page", async () => {
    const { page, wrong } = await open(browser, server.address);
    await pickByKeys(page, "ke9", /KE-9/);
    await page.getByText("Made in").waitFor();
    // The focus has moved to the question: no key press is lost.
    await page.keyboard.type(QUESTION);
    await page.keyboard.press("Enter");
    const turn = page.locator(answered);
    await turn.waitFor();
    expect(await turn.locator(".question").textContent()).toBe(QUESTION);

    const cite = turn.locator(".text .cite").first();
    const href = (await cite.getAttribute("href")) ?? "";
    expect(href).toMatch(/\/manuals\/kettleby-ke-9#page=\d+$/);
    expect(await cite.getAttribute("rel")).toBe("noopener");
    expect(await turn.locator(".text").textContent()).not.toMatch(/\[MANUAL|\[PRO TIP|\[SUGGESTION/);
    expect(await turn.locator(".source").count()).toBeGreaterThan(0);

    const [opened] = await Promise.all([page.context().waitForEvent("page"), cite.click()]);
    await eventually("the manual opens", () => opened.url().startsWith(server.address));
    expect(opened.url()).toBe(href);
    const manual = await fetch(href);
    expect(manual.headers.get("content-type")).toContain("application/pdf");
    expect(Buffer.from(await manual.arrayBuffer()).subarray(0, 5).toString()).toBe("%PDF-");
    expect(wrong).toEqual([]);
  });

  test("says when the manual does not say, and shows the closest pages", async () => {
    const { page, wrong } = await open(browser, `${server.address}/?product=kettleby-ke-9`);
    await question(page).fill("Who won the football world cup in 1954?");
    await question(page).press("Enter");
    const turn = page.locator(answered);
    await turn.waitFor();
    await turn.getByText("The manual does not say").waitFor();
    expect(wrong).toEqual([]);
  });

  test("an accessory is one click away, and the address keeps the product", async () => {
    const { page } = await open(browser, `${server.address}/?product=kettleby-ke-9`);
    const chip = page.getByRole("list", { name: "Accessories" }).getByRole("button").first();
    const name = (await chip.textContent()) ?? "";
    await chip.click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    expect(page.url()).not.toContain("kettleby-ke-9");
    expect(page.url()).toMatch(/\?product=.+/);
  });

  test("the keyboard alone is enough, from the first letter to the manual", async () => {
    const { page } = await open(browser, server.address);
    await page.keyboard.type("ke9");
    await options(page).filter({ hasText: /KE-9/ }).first().waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("Made in").waitFor();
    await question(page).focus();
    await page.keyboard.type(QUESTION);
    await page.keyboard.press("Enter");
    await page.locator(answered).waitFor();
    const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.className ?? "");
    for (let step = 0; step < 40 && (await focused()) !== "cite"; step++) await page.keyboard.press("Shift+Tab");
    expect(await focused()).toBe("cite");
    const [opened] = await Promise.all([page.context().waitForEvent("page"), page.keyboard.press("Enter")]);
    await eventually("the manual opens", () => /#page=\d+$/.test(opened.url()));
  });

  test("an answer can be copied and asked for again", async () => {
    const { page } = await open(browser, `${server.address}/?product=kettleby-ke-9`, {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await question(page).fill(QUESTION);
    await question(page).press("Enter");
    const turn = page.locator(answered);
    await turn.getByRole("button", { name: "Copy" }).click();
    await turn.getByText("Copied").waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/\(page \d+\)/);
    await turn.getByRole("button", { name: "Ask again" }).click();
    await eventually("it is answered twice", async () => (await page.locator(".turn[data-stage=done]").count()) === 2);
  });

  test("in Hebrew everything runs from right to left, and the language can be changed at any time", async () => {
    const { page, wrong } = await open(browser, server.address, { locale: "he-IL" });
    expect(await page.locator("html").getAttribute("dir")).toBe("rtl");
    await page.getByRole("heading", { name: "באיזה מוצר מדובר?" }).waitFor();
    await page.keyboard.type("זהרי");
    await eventually("a product is found", async () => (await options(page).count()) > 0);
    const [icon, input] = await Promise.all([
      page.locator(".search .icon-search").boundingBox(),
      page.locator(".search input").boundingBox(),
    ]);
    expect(icon?.x).toBeGreaterThan(input?.x ?? Infinity);
    await page.getByRole("combobox", { name: "שפה" }).selectOption("en");
    await page.getByRole("heading", { name: "Which product is it?" }).waitFor();
    expect(await page.locator("html").getAttribute("dir")).toBe("ltr");
    await page.reload();
    expect(await page.locator("html").getAttribute("lang")).toBe("en");
    expect(wrong).toEqual([]);
  });

  test("a picture is pasted beside the question", async () => {
    const { page, wrong } = await open(browser, `${server.address}/?product=kettleby-ke-9`, {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await question(page).focus();
    await page.evaluate(async () => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [2, 2];
      const png = await new Promise<Blob | null>((resolve) => {
        canvas.toBlob(resolve, "image/png");
      });
      if (png === null) throw new Error("a canvas can be drawn");
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    });
    await page.keyboard.press("Control+V");
    await page.getByRole("button", { name: "Remove the picture" }).waitFor();
    expect(await question(page).inputValue()).toBe("");
    await page.keyboard.type(QUESTION);
    await page.keyboard.press("Enter");
    await page.locator(answered).waitFor();
    expect(await page.locator(".asked img").getAttribute("src")).toMatch(/^data:image\/png;base64,/);
    expect(wrong).toEqual([]);
  });

  test("a picture that is none is refused in words, one that is goes along", async () => {
    const { page } = await open(browser, `${server.address}/?product=kettleby-ke-9`);
    await question(page).waitFor();
    const files = page.locator("input[type=file]");
    await files.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("no") });
    await page.getByText("A picture must be").waitFor();
    const gif = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=", "base64");
    await files.setInputFiles({ name: "a.gif", mimeType: "image/gif", buffer: gif });
    await page.getByRole("button", { name: "Remove the picture" }).waitFor();
    await question(page).fill(QUESTION);
    await question(page).press("Enter");
    await page.locator(answered).waitFor();
    expect(await page.locator(".asked img").count()).toBe(1);
    expect(await page.locator(".attached").isHidden()).toBe(true);
  });
});
