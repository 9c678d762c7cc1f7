// A lost connection: it is shown, restored, and the question is answered nevertheless.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("a server that dies is announced, and what was asked meanwhile is answered when it is back", async () => {
  const { page } = await open(browser, `${server.address}/?product=kettleby-ke-9`);
  const question = page.getByRole("textbox", { name: "Your question" });
  await question.waitFor();
  await server.kill();
  await page.getByText("The connection is lost").waitFor();
  await question.fill("How do I descale the machine?");
  await question.press("Enter");
  await page.locator(".turn[data-stage=waiting]").waitFor();

  await server.run();
  await page.getByText("Connected again").waitFor();
  await page.locator(".turn[data-stage=done]").waitFor();
  await page.getByText("Connected again").waitFor({ state: "detached" });
  expect(await page.locator(".turn").count()).toBe(1);
  expect(await page.locator(".turn .cite").count()).toBeGreaterThan(0);
});

test("the visitor need not wait for the next try", async () => {
  const { page } = await open(browser, server.address);
  await page.getByRole("heading", { name: "start with one of these" }).waitFor();
  await server.kill();
  await page.getByText("The connection is lost").waitFor();
  await server.run();
  const now = page.getByRole("button", { name: "Try now" });
  // It may have reconnected by itself just now; then there is no button to press.
  await now.click({ timeout: 2000 }).catch(() => undefined);
  await page.getByText("The connection is lost").waitFor({ state: "detached" });
  await page.getByRole("combobox", { name: "Product" }).pressSequentially("ke9");
  await page.getByRole("option", { name: /KE-9/ }).first().waitFor();
});
