// A visitor and an agent in separate pages, on two pods with a real Redis.

import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { eventually, launch, open, Server } from "./server.ts";
import { Balancer, PASSWORD, Redis, sharedBy } from "./pods.ts";

const UNKNOWN = "Who won the world cup in 1954?";
const KNOWN = "How do I descale the machine?";
/** A PNG of one pixel. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

let redis: Redis;
let [one, two]: (Server | undefined)[] = [];
let balancer: Balancer;
let browser: Browser;

beforeAll(async () => {
  redis = await Redis.start();
  const shared = sharedBy(redis);
  [one, two, browser] = await Promise.all([Server.start(shared), Server.start(shared), launch()]);
  balancer = await Balancer.before(two, one);
});
afterAll(async () => {
  await browser.close();
  balancer.stop();
  await Promise.all([one?.kill(), two?.kill()]);
  redis.stop();
});

const address = (pod: Server | undefined): string => pod?.address ?? "";

/** An agent at the desk of the pod behind the address. */
async function agent(who: string, at: string, options: BrowserContextOptions = {}): Promise<Page> {
  const { page } = await open(browser, `${at}/agent`, { bypassCSP: true, ...options });
  await page.locator("input[type=email]").fill(`${who}@example.test`);
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator("#agent[data-link=open]").waitFor();
  return page;
}

/** A visitor whose question the manual does not answer. */
async function visitor(at: string, options: BrowserContextOptions = {}) {
  const { page, wrong } = await open(browser, `${at}/?product=kettleby-ke-9`, { bypassCSP: true, ...options });
  await ask(page, UNKNOWN);
  await page.locator(".turn[data-stage=done] .verdict").waitFor();
  return { page, wrong };
}

async function ask(page: Page, question: string): Promise<void> {
  await page.locator(".composer textarea").fill(question);
  await page.keyboard.press("Enter");
}

const composer = (page: Page) => page.locator(".composer textarea");
const desk = (page: Page) => page.locator(".desk-composer textarea");
const entry = (page: Page, words: string) => page.locator(".entry", { hasText: words });
const item = (page: Page, words: string) => page.locator(".item", { hasText: words });

test("what the manual does not know a person answers, on another pod, and goes when it is done", async () => {
  const yael = await agent("yael", address(two));
  const { page, wrong } = await visitor(address(one));
  await page.locator(".verdict").getByRole("button", { name: "Talk to a person" }).click();
  await page.getByLabel("What is it about?").fill("The cup <b>of</b> 1954");
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await page.getByText("You are next in the queue for a person.").waitFor();
  expect(await findings(page)).toEqual([]);

  // The manual still answers meanwhile.
  await ask(page, KNOWN);
  await page.locator(".turn[data-stage=done]", { hasText: KNOWN }).locator(".sources").waitFor();

  await yael.locator(".ticket", { hasText: "The cup <b>of</b> 1954" }).click();
  await item(yael, UNKNOWN).waitFor();
  await yael.locator("#agent").press("t");
  await page.getByText("Yael is in this chat.").waitFor();
  await entry(page, "Yael has joined.").waitFor();
  await yael.locator("[data-action=close]").waitFor();

  await desk(yael).pressSequentially("Germany. Do you see a cup?");
  await page.getByText("Yael is typing…").waitFor();
  await desk(yael).press("Enter");
  await entry(page, "Germany. Do you see a cup?").waitFor();
  await composer(page).pressSequentially("No <i>cup</i>");
  await yael.getByText("The visitor is typing…").waitFor();
  await page.keyboard.press("Enter");
  await item(yael, "No <i>cup</i>").waitFor();
  await page.locator(".entry[data-from=visitor][data-sent=true]").waitFor();
  expect(await findings(page)).toEqual([]);

  // A note is visible to the team only.
  await desk(yael).press("Alt+n");
  await desk(yael).fill("Asks about football.");
  await desk(yael).press("Enter");
  await item(yael, "Asks about football.").waitFor();
  await desk(yael).press("Alt+n");

  // A picture is delivered, re-encoded.
  await page.locator(".composer input[type=file]").setInputFiles({ name: "cup.png", mimeType: "image/png", buffer: PICTURE });
  await page.locator(".composer .attached img").waitFor();
  await composer(page).fill("Here");
  await page.keyboard.press("Enter");
  await eventually("the visitor sees the picture", () => seen(page.locator(".entry-picture img")));
  await eventually("the agent sees the picture", () => seen(yael.locator(".item img")));

  // A reloaded page continues.
  await page.reload();
  await page.getByText("Yael is in this chat.").waitFor();
  const thread = await page.locator(".thread").innerText();
  const order = [UNKNOWN, KNOWN, "Yael has joined.", "Germany. Do you see a cup?", "No <i>cup</i>", "Here"].map((words) => thread.indexOf(words));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).not.toContain(-1);
  expect(thread).not.toContain("football");
  await ask(page, "Still there?");
  await item(yael, "Still there?").waitFor();

  // After it was returned, the assistant answers again.
  await yael.locator("[data-action=give_back]").click();
  await entry(page, "The assistant answers again.").waitFor();
  await ask(page, KNOWN);
  await eventually("the manual answers again", async () => (await page.locator(".turn[data-stage=done]").count()) === 3);

  // Taken again and closed, it is rated.
  await page.locator(".handoff").getByRole("button", { name: "Talk to a person" }).click();
  await page.getByRole("button", { name: "Ask for a person" }).click();
  await yael.getByRole("button", { name: "Take", exact: true }).click();
  await page.getByText("Yael is in this chat.").waitFor();
  await yael.locator("[data-action=close]").click();
  await yael.getByRole("button", { name: "Yes, end chat" }).click();
  await entry(page, "The conversation was closed.").waitFor();
  await page.getByRole("radio", { name: "4 of 5, Good" }).check({ force: true });
  expect(await findings(page)).toEqual([]);
  await page.locator(".ending").getByRole("button", { name: "Send" }).click();
  await page.getByText("Thank you for the rating.").waitFor();
  expect(wrong).toEqual([]);
});

test("in Hebrew, and the agent's pod is killed in the middle: the talk goes on at another", async () => {
  const noam = await agent("noam", balancer.address, { locale: "he-IL" });
  const { page, wrong } = await visitor(address(one), { locale: "he-IL", viewport: { width: 390, height: 780 } });
  expect(await page.evaluate(() => document.documentElement.dir)).toBe("rtl");
  await page.locator(".verdict").getByRole("button", { name: "לדבר עם נציג" }).click();
  await page.locator(".handoff textarea").fill("גביע העולם");
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Enter");
  await noam.locator(".ticket", { hasText: "גביע העולם" }).click();
  await noam.locator("[data-action=take]").click();
  await page.getByText("Noam בצ׳אט הזה").waitFor();
  await noam.locator("[data-action=close]").waitFor();
  await desk(noam).fill("שלום, איך אפשר לעזור?");
  await desk(noam).press("Enter");
  await entry(page, "שלום, איך אפשר לעזור?").waitFor();

  await two?.kill();
  // The visitor's pod is another one and does not have it. Messages sent meanwhile are not lost.
  await composer(page).fill("מי ניצח?");
  await page.keyboard.press("Enter");
  await page.locator(".entry[data-from=visitor][data-sent=true]", { hasText: "מי ניצח?" }).waitFor();
  await noam.locator("#agent[data-link=open]").waitFor();
  await item(noam, "מי ניצח?").waitFor();
  await desk(noam).fill("גרמניה.");
  await desk(noam).press("Enter");
  await entry(page, "גרמניה.").waitFor();
  expect(await entry(page, "שלום, איך אפשר לעזור?").count()).toBe(1);
  expect(await entry(page, "גרמניה.").count()).toBe(1);
  expect(await findings(page)).toEqual([]);
  await noam.locator("[data-action=give_back]").click();
  await entry(page, "המדריך עונה שוב.").waitFor();

  await page.locator(".handoff-wish").click();
  await page.locator(".handoff form button[type=submit]").click();
  await noam.locator("[data-action=take]").click();
  await noam.locator("[data-action=close]").waitFor();
  await desk(noam).press("Alt+n");
  await desk(noam).fill("שאלה על כדורגל.");
  await desk(noam).press("Enter");
  await item(noam, "שאלה על כדורגל.").waitFor();
  await noam.locator("[data-action=close]").click();
  await noam.locator("dialog .action.main").click();
  await entry(page, "השיחה נסגרה.").waitFor();
  expect(await page.locator(".thread").innerText()).not.toContain("כדורגל");
  await page.getByRole("radio").last().check({ force: true });
  await page.locator(".ending button[type=submit]").click();
  await page.getByText("תודה").first().waitFor();
  expect(await findings(page)).toEqual([]);
  expect(wrong).toEqual([]);
  await two?.run();
});

/** True for a picture that has arrived. */
function seen(picture: ReturnType<Page["locator"]>): Promise<boolean> {
  return picture.first().evaluate((image) => image instanceof HTMLImageElement && image.complete && image.naturalWidth > 0);
}
