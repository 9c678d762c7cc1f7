// Handoff requests in the chat page, on a separate pod: no agent available, and a withdrawn request.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { launch, open, Server } from "./server.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

test("with nobody there a message is left, and what was typed is not lost when the address is wrong", async () => {
  const { page, wrong } = await open(browser, server.address, { bypassCSP: true, colorScheme: "dark" });
  await page.locator(".sample .card").first().waitFor();
  await page.getByRole("button", { name: "Talk to a person" }).click();
  await page.getByRole("button", { name: "Ask for a person" }).click();
  await page.getByLabel("Email address").fill("nowhere");
  await page.getByLabel("Message", { exact: true }).fill("It <b>hums</b>.");
  await page.getByRole("button", { name: "Send message" }).click();
  await page.getByText("Enter an email address").waitFor();
  expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("It <b>hums</b>.");
  expect(await findings(page)).toEqual([]);
  await page.getByLabel("Email address").fill("dana@example.test");
  await page.keyboard.press("Enter");
  await page.getByText("Your message was sent.").waitFor();
  expect(wrong).toEqual([]);
});

test("who does not want to tell why leaves the form by Escape, and writes on", async () => {
  const { page } = await open(browser, `${server.address}/?product=kettleby-ke-9`, { viewport: { width: 360, height: 740 } });
  await page.locator(".composer textarea").waitFor();
  await page.getByRole("button", { name: "Talk to a person" }).click();
  await page.locator(".handoff textarea").press("Escape");
  await page.getByRole("button", { name: "Talk to a person" }).waitFor();
  await page.locator(".composer textarea:focus").waitFor();
});
