// Turns without a plain answer: likely passages, a follow-up, small talk.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, Server } from "./server.ts";
import { inViewport } from "./in-view.ts";
import { shot } from "./shot.ts";

const PRODUCT = "kettleby-ke-9";
const KNOWN = "How do I descale the machine?";

let server: Server;
let careful: Server;
let browser: Browser;

beforeAll(async () => {
  // With a high threshold every question that finds a page finds likely passages.
  const never = { HSC__ANSWERS__MIN_CONFIDENCE: "0", HSC__ANSWERS__ANSWER_CONFIDENCE: "1" };
  [server, careful, browser] = await Promise.all([Server.start(), Server.start(never), launch()]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([server.kill(), careful.kill()]);
});

async function chat(address: string): Promise<Page> {
  const { page } = await open(browser, `${address}/?product=${PRODUCT}`);
  await page.getByText("Made in").waitFor();
  return page;
}

async function ask(page: Page, question: string): Promise<void> {
  const before = await page.locator(".turn[data-stage=done]").count();
  const field = page.locator(".composer textarea");
  await field.fill(question);
  await field.press("Enter");
  await page.locator(".turn[data-stage=done]").nth(before).waitFor();
}

test("likely passages are quoted, the best first, each with its page, and a person is offered in words", async () => {
  const page = await chat(careful.address);
  await ask(page, KNOWN);
  const turn = page.locator(".turn").last();
  await turn.getByText("I found these passages in the manual").waitFor();
  expect(await turn.getAttribute("data-likely")).not.toBeNull();
  expect(await turn.locator(".text li").count()).toBeGreaterThan(0);
  expect(await turn.locator(".source").count()).toBeGreaterThan(0);
  await turn.getByText("Passages that may answer").waitFor();
  await turn.getByText("ask for a person").waitFor();
});

test("rows are a table with the names of its columns, in view, and their page is cited", async () => {
  for (const width of [1280, 390]) {
    const { page } = await open(browser, `${server.address}/?product=${PRODUCT}`, { viewport: { width, height: 800 } });
    await page.getByText("Made in").waitFor();
    await ask(page, "which pressure profile for light roasts?");
    const table = page.locator(".turn").last().locator(".text table").first();
    await inViewport("the table", table);
    expect(await table.locator("th").allTextContents()).toEqual(["Profile", "Course", "For"]);
    expect(await table.locator("tr").nth(1).textContent()).toMatch(/^Blooming.*light roasts/);
    expect(await table.locator(".cite").count()).toBe(1);
    expect(await page.locator(".turn").last().locator(".text").textContent()).not.toContain("|");
    await shot(page, "turns-table");
  }
});

test("a Hebrew question about an English manual is framed in Hebrew and quotes the manual as it is", async () => {
  const { page } = await open(browser, `${server.address}/?product=${PRODUCT}`, { locale: "he-IL", viewport: { width: 390, height: 800 } });
  await page.locator(".composer textarea").waitFor();
  await ask(page, "מה אומרת הודעה C2?");
  const turn = page.locator(".turn").last();
  await inViewport("what language the manual is in", turn.getByText("המדריך כתוב בשפה אחרת"));
  const quoted = turn.locator(".text").getByText("descaling overdue");
  await inViewport("the manual's own words", quoted);
  expect(await quoted.evaluate((element) => getComputedStyle(element).direction)).toBe("ltr");
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).direction)).toBe("rtl");
  await shot(page, "turns-hebrew");
});

test("a follow-up is answered with the question before it", async () => {
  const page = await chat(server.address);
  await ask(page, KNOWN);
  const pageOf = (at: number): Promise<string | null> => page.locator(".turn").nth(at).locator(".source-page").first().textContent();
  const first = await pageOf(0);
  await ask(page, "and how often?");
  expect(await page.locator(".turn").nth(1).locator(".source-page").allTextContents()).toContain(first);
});

test("a greeting gets a reply in the visitor's language and no page of the manual", async () => {
  const page = await chat(server.address);
  await ask(page, "Hello!");
  const turn = page.locator(".turn").last();
  await turn.getByText("Ask me anything about this product").waitFor();
  expect(await turn.locator(".source").count()).toBe(0);
  expect(await turn.locator(".certainty").count()).toBe(0);
  await ask(page, "תודה רבה");
  await page.locator(".turn").last().getByText("בשמחה").waitFor();
});
