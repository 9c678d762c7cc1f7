// The outcomes of a turn that are no plain answer: likely passages, a follow-up, small talk.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launch, open, Server } from "./house.ts";

const PRODUCT = "kettleby-ke-9";
const KNOWN = "How do I descale the machine?";

let server: Server;
let careful: Server;
let browser: Browser;

beforeAll(async () => {
  // Where nothing is certain enough, every question that finds a page finds likely passages.
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
