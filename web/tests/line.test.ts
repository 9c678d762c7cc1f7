// Overload and messages to all clients: a place in the queue, a stop, a notice.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { operatorHeaders, eventually, launch, open, Server } from "./server.ts";

const QUESTION = "How do I descale the machine?";
const PRODUCT = "kettleby-ke-9";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  // One answer at a time, and one shard, which hangs so that the first answer takes long.
  const settings = {
    HSC__CHAOS__ENABLED: "true",
    HSC__SESSIONS__MAX_ANSWERS: "1",
    HSC__SESSIONS__BUSY_AFTER_MS: "0",
    HSC__CACHE__SHARDS: "1",
    HSC__ACTORS__HANG_AFTER_MS: "60000",
  };
  [server, browser] = await Promise.all([Server.start(settings), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

async function order(path: string, body: unknown): Promise<void> {
  const response = await fetch(`${server.address}${path}`, { method: "POST", headers: operatorHeaders, body: JSON.stringify(body) });
  expect(response.status).toBe(200);
}

const turn = (page: Page) => page.locator(".turn:last-child");

async function ask(page: Page): Promise<void> {
  const question = page.getByRole("textbox", { name: "Your question" });
  await question.fill(QUESTION);
  await question.press("Enter");
}

describe("more questions than are answered at once", () => {
  test("a visitor sees the place in line come nearer, and can stop waiting", async () => {
    const pages = await Promise.all(
      [1, 2, 3].map(() => open(browser, `${server.address}/?product=${PRODUCT}`)),
    );
    const [first, second, third] = pages.map(({ page }) => page);
    if (first === undefined || second === undefined || third === undefined) throw new Error("three were opened");
    for (const page of [first, second, third]) await page.locator(".examples .card").first().waitFor();
    // The suggested questions have loaded the manual; the first answer has to wait for it nevertheless.
    await order("/admin/caches/invalidate", "all");
    await order("/admin/chaos", { actor: "cache.manuals.0", fault: "hang", ms: 8000 });
    await ask(first);
    await turn(first).waitFor();
    await ask(second);
    await turn(second).getByText("You are next in the queue").waitFor();
    await ask(third);
    await turn(third).getByText("Number 2 in the queue").waitFor();
    await third.locator("[aria-live=polite]").getByText("Number 2 in the queue").waitFor();

    await second.getByRole("button", { name: "Stop" }).click();
    await turn(second).getByText("Stopped.").waitFor();
    expect(await turn(second).getAttribute("data-stage")).toBe("done");
    await second.getByRole("button", { name: "Ask", exact: true }).waitFor();
    await turn(third).getByText("You are next in the queue").waitFor();

    for (const page of [first, third]) {
      await eventually("it is answered", async () => (await turn(page).getAttribute("data-stage")) === "done");
      expect(await turn(page).locator(".source").count()).toBeGreaterThan(0);
    }
    expect(pages.flatMap(({ wrong }) => wrong)).toEqual([]);
  });
});

describe("a notice", () => {
  test("reaches everybody, as text, and stays until it is put away", async () => {
    const { page, wrong } = await open(browser, server.address, { bypassCSP: true });
    await page.getByRole("combobox", { name: "Product" }).waitFor();
    const message = "Back at noon: <b>new manuals</b>";
    const shown = page.getByRole("status").getByText(message);
    await eventually("it is told", async () => {
      await order("/admin/broadcast", { message });
      return shown.isVisible();
    });
    expect(await page.locator(".word b").count()).toBe(0);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await findings(page)).toEqual([]);
    }
    await page.getByRole("button", { name: "Dismiss" }).click();
    await shown.waitFor({ state: "detached" });
    expect(wrong).toEqual([]);
  });
});
