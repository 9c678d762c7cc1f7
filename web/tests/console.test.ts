// The console shows the current state: after a take, in a banner, in lists and transcripts.
//
// The assertions are about what is visible in the window, on a desktop and on a phone.

import type { Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./server.ts";
import { inViewport, outOfView, SIZES } from "./in-view.ts";
import { PRODUCT, QUESTION, Team } from "./team.ts";
import { shot } from "./shot.ts";

let team: Team;

beforeAll(async () => {
  team = await Team.start();
});
afterAll(() => team.stop());

const field = (page: Page) => page.locator(".desk-composer textarea");
const ticket = (page: Page, words: string) => page.locator(".ticket", { hasText: words });
const tab = (page: Page, name: RegExp) => page.getByRole("tab", { name });

/** The connection from the server to an agent's page, which can be paused and resumed. */
class Line {
  private held: (() => void)[] | undefined;

  async lay(page: Page): Promise<void> {
    await page.routeWebSocket(/\/ws\/agent$/, (route: WebSocketRoute) => {
      const server = route.connectToServer();
      route.onMessage((message) => {
        server.send(message);
      });
      server.onMessage((message) => {
        const pass = (): void => {
          route.send(message);
        };
        if (this.held === undefined) pass();
        else this.held.push(pass);
      });
    });
  }

  hold(): void {
    this.held ??= [];
  }

  release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const pass of held) pass();
  }
}

for (const { name, viewport } of SIZES) {
  const isPhone = viewport.width < 600;

  describe(`at ${name}`, () => {
    test("whoever takes the last one who waits sees it among their own, and can write at once", async () => {
      const { page, wrong } = await team.agent("yael", { viewport });
      const visitor = await team.visitor(`last at ${name}`);
      await visitor.say({ type: "about", product_id: PRODUCT, scenario: "live", page: "https://shop.example/coffee?id=9#top" });
      await visitor.say({ type: "handoff", reason: "Only a lamp blinks" });
      const waiting = ticket(page, "Only a lamp blinks");
      await inViewport("the visitor who waits", waiting);
      // Before the first question the agent sees the page and the product.
      await inViewport("the product", waiting.locator(".product-name", { hasText: "Kettleby" }));
      await shot(page, "waiting");
      await waiting.click();
      await page.locator("[data-action=take]").click();
      await inViewport("what can be done with it", page.locator("[data-action=close]"));
      await inViewport("where to write", field(page));
      const hint = await field(page).evaluate((it) => ({ needs: it.scrollHeight, has: it.clientHeight }));
      expect(hint.needs, "the hint in the field is not cut off").toBeLessThanOrEqual(hint.has);
      await field(page).fill("/");
      await inViewport("that there are no canned replies", page.getByText("There are no canned replies yet."));
      await shot(page, "no-replies");
      await field(page).fill("Good morning.");
      await field(page).press("Enter");
      await visitor.hears("Good morning.");
      await inViewport("what was said", page.locator(".item[data-from=agent]:not([data-stage])", { hasText: "Good morning." }));
      await shot(page, "taken");
      if (isPhone) await page.locator(".to-list").click();
      await inViewport("the list of one's own", tab(page, /Mine/));
      expect(await tab(page, /Mine/).getAttribute("aria-selected")).toBe("true");
      await inViewport("the conversation in it", ticket(page, "Kettleby"));
      expect(await page.getByText("No visitor is waiting.").count()).toBe(0);
      await shot(page, "mine");
      if (isPhone) {
        await ticket(page, "Kettleby").click();
        await page.locator(".to-details").click();
      }
      const from = page.locator(".visitor-page");
      await inViewport("the page on which the visitor chats", from);
      expect(await from.getAttribute("href")).toBe("https://shop.example/coffee?id=9");
      await shot(page, "details");
      await visitor.say({ type: "bye" });
      await visitor.hears('"reason":"ended"');
      expect(wrong).toEqual([]);
      await page.context().close();
    });

    test("whoever ends the last chat goes on to those who wait, and is told what comes when nobody does", async () => {
      const { page, wrong } = await team.agent("yael", { viewport });
      const end = async (reason: string): Promise<void> => {
        await ticket(page, reason).click();
        await page.locator("[data-action=take]").click();
        await inViewport("where to write", field(page));
        if (isPhone) await page.locator(".to-list").click();
        await tab(page, /Mine/).click();
        await ticket(page, reason).click();
        await page.locator("[data-action=close]").click();
        await page.locator("dialog .action.main").click();
        await page.locator("dialog").waitFor({ state: "detached" });
        if (isPhone) await page.locator(".to-list").click();
        await eventually("it is not among their own any more", async () => (await tab(page, /Mine/).innerText()).trim() === "Mine");
      };
      const [one, two] = [await team.visitor(`one at ${name}`), await team.visitor(`two at ${name}`)];
      await one.say({ type: "handoff", reason: "First of two" });
      await ticket(page, "First of two").waitFor();
      await two.say({ type: "handoff", reason: "Second of two" });
      await ticket(page, "Second of two").waitFor();
      await end("First of two");
      await inViewport("who waits", ticket(page, "Second of two"));
      expect(await tab(page, /Waiting/).getAttribute("aria-selected")).toBe("true");
      await shot(page, "goes-on");
      await end("Second of two");
      const idle = page.getByText("The next one appears under Waiting.");
      await inViewport("what comes next", idle);
      await shot(page, "idle");
      // A visitor arrives while an empty list is shown: a link leads to the visitor.
      await tab(page, /Mine/).click();
      const three = await team.visitor(`three at ${name}`);
      await three.say({ type: "handoff", reason: "A third" });
      const there = page.getByRole("button", { name: "Show waiting visitors" });
      await inViewport("the way to who waits", there);
      await there.click();
      await inViewport("who waits", ticket(page, "A third"));
      await three.say({ type: "bye" });
      await ticket(page, "A third").waitFor({ state: "detached" });
      expect(wrong).toEqual([]);
      await page.context().close();
    });

    test("what is written between a take and its confirmation goes to the visitor, or stays where it was written", async () => {
      const line = new Line();
      const { page } = await team.agent("yael", { viewport }, (page) => line.lay(page));
      const { page: noam } = await team.agent("noam");
      const visitor = await team.visitor(`slow at ${name}`);
      await visitor.say({ type: "handoff", reason: "A slow line" });
      await ticket(page, "A slow line").click();
      line.hold();
      await page.locator("[data-action=take]").click();
      await visitor.hears("agent_joined");
      await field(page).fill("Hello from a slow line.");
      await inViewport("that it is a reply", page.locator(".mode[aria-pressed=true]", { hasText: "Reply" }));
      await field(page).press("Enter");
      await inViewport("what waits", page.locator(".item[data-stage=held]", { hasText: "Hello from a slow line." }));
      await shot(page, "held");
      line.release();
      await visitor.hears("Hello from a slow line.");
      await inViewport("what was said", page.locator(".item[data-from=agent]:not([data-stage])", { hasText: "Hello from a slow line." }));
      expect(await page.locator(".item[data-kind=note]").count()).toBe(0);
      await visitor.say({ type: "bye" });

      // A colleague was faster: the text is still in the field, still addressed to the visitor, and no note.
      const other = await team.visitor(`lost at ${name}`);
      await other.say({ type: "handoff", reason: "A faster colleague" });
      if (isPhone) await page.locator(".to-list").click();
      await tab(page, /Waiting/).click();
      await ticket(page, "A faster colleague").click();
      await page.locator("[data-action=take]").waitFor();
      line.hold();
      await ticket(noam, "A faster colleague").click();
      await noam.locator("[data-action=take]").click();
      await other.hears("agent_joined");
      await page.locator("[data-action=take]").click();
      await field(page).fill("I can help you.");
      await field(page).press("Enter");
      line.release();
      const banner = page.locator(".told", { hasText: "Noam has this conversation." });
      await inViewport("that a colleague has it", banner);
      await eventually("the words are where they were written", async () => (await field(page).inputValue()) === "I can help you.");
      await inViewport("the words", field(page));
      await inViewport("that they were for the visitor", page.locator(".kept-reply"));
      expect(await page.locator(".send").isDisabled()).toBe(true);
      expect(await page.locator(".item[data-kind=note]").count()).toBe(0);
      await shot(page, "banner");

      // The banner disappears when it is outdated.
      await noam.locator("[data-action=close]").click();
      await noam.locator("dialog .action.main").click();
      await other.hears('"state":"closed"');
      await eventually("the banner has gone", async () => (await banner.count()) === 0 && (await outOfView(page.locator(".told"))) !== undefined);
      await shot(page, "banner-gone");
      await Promise.all([page, noam].map((one) => one.context().close()));
    });

    test("past conversations and an open transcript show what goes on without being asked again", async () => {
      const { page, wrong } = await team.agent("yael", { viewport });
      await tab(page, /Past/).click();
      const visitor = await team.visitor(`past at ${name}`);
      const words = `How do I descale it at ${name}?`;
      await visitor.say({ type: "query", product_id: PRODUCT, query: words, scenario: "general" });
      await visitor.hears("final_answer");
      await inViewport("the conversation of just now", ticket(page, words));
      await shot(page, "past");
      await ticket(page, words).click();
      await inViewport("what was asked", page.locator(".item", { hasText: words }));
      await visitor.say({ type: "query", product_id: PRODUCT, query: QUESTION, scenario: "general" });
      const second = page.locator(".item[data-from=visitor]", { hasText: QUESTION });
      await second.waitFor();
      await shot(page, "transcript");
      await visitor.say({ type: "bye" });
      await page.locator(".item[data-kind=event]", { hasText: "The visitor ended the chat" }).waitFor();
      await page.locator(".item[data-kind=event]").last().scrollIntoViewIfNeeded();
      await inViewport("its end", page.locator(".item[data-kind=event]", { hasText: "The visitor ended the chat" }));
      await shot(page, "transcript-end");
      expect(wrong).toEqual([]);
      await page.context().close();
    });
  });
}

test("a talk that is shown before its record is in the archive gets the record when it is", async () => {
  const slow = await Team.start({ HSC__ARCHIVE__BATCH_AFTER_MS: "2000" });
  try {
    const answers: number[] = [];
    const { page, wrong } = await slow.agent("yael", {}, async (page) => {
      page.on("response", (response) => {
        if (/\/api\/conversations\/[^/?]+$/.test(response.url())) answers.push(response.status());
      });
      await Promise.resolve();
    });
    const visitor = await slow.visitor("early");
    await visitor.say({ type: "handoff", reason: "Just now" });
    await ticket(page, "Just now").click();
    await eventually("the record was asked for too early, then again", () => answers.at(0) === 404 && answers.at(-1) === 200);
    expect(wrong).toEqual([]);
  } finally {
    await slow.stop();
  }
});
