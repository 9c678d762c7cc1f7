// The operator's page against a real server, whose actors are made to fail.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { eventually, launch, open, Server } from "./house.ts";

const TOKEN = "a token of this test";

let server: Server;
let locked: Server;
let browser: Browser;

beforeAll(async () => {
  const chaos = Server.start({ HSC__CHAOS__ENABLED: "true" });
  [server, locked, browser] = await Promise.all([chaos, Server.start({ HSC__ADMIN__TOKEN: TOKEN }), launch()]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([server.kill(), locked.kill()]);
});

const line = (page: Page, name: string) => page.getByRole("row").filter({ has: page.getByRole("rowheader", { name, exact: true }) });

async function fail(actor: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ actor, fault: "panic" });
  const response = await fetch(`${server.address}/admin/chaos`, { method: "POST", headers, body });
  expect(response.status).toBe(200);
}

describe("the actors of a pod", () => {
  test("a shard that panics is shown restarted, with the reason, without a reload", async () => {
    const { page, wrong } = await open(browser, `${server.address}/admin#actors`);
    const shard = line(page, "cache.manuals.0");
    await shard.getByText("up", { exact: true }).waitFor();
    expect(await shard.locator(".actor-restarts").textContent()).toBe("0");
    await fail("cache.manuals.0");
    await eventually("the page shows the restart", async () => (await shard.locator(".actor-restarts").textContent()) === "1");
    expect(await shard.locator(".actor-reason").textContent()).toMatch(/^panicked: /);
    await shard.getByText("up", { exact: true }).waitFor();
    expect(await page.locator("[aria-live]").textContent()).toMatch(/^cache\.manuals\.0 was restarted: panicked/);
    // Nobody else was touched.
    expect(await line(page, "cache.manuals.1").locator(".actor-restarts").textContent()).toBe("0");
    expect(wrong).toEqual([]);
  });

  test("what is open and what is folded stays so while the page is live", async () => {
    const { page } = await open(browser, `${server.address}/admin#actors`);
    const shard = line(page, "cache.answers.0");
    await shard.locator("summary").click();
    const folder = page.getByRole("button", { name: "Actors below cache.manuals" });
    await folder.click();
    const uptime = await shard.locator(".actor-uptime").textContent();
    await eventually("time goes on", async () => (await shard.locator(".actor-uptime").textContent()) !== uptime);
    expect(await shard.locator("details").getAttribute("open")).toBe("");
    expect(await folder.getAttribute("aria-expanded")).toBe("false");
    expect(await line(page, "cache.manuals.1").count()).toBe(0);
    expect(await folder.evaluate((button) => button === document.activeElement)).toBe(true);
  });

  test("an open chat is counted", async () => {
    const { page } = await open(browser, `${server.address}/admin`);
    const sessions = page.locator(".sums > div").filter({ hasText: "Sessions" }).locator("dd");
    await sessions.waitFor();
    const before = Number(await sessions.textContent());
    const chat = await open(browser, server.address);
    await eventually("one more", async () => Number(await sessions.textContent()) === before + 1);
    await chat.page.close();
    await eventually("one less", async () => Number(await sessions.textContent()) === before);
  });

  test("a session is drawn below its registry, and its crash is shown", async () => {
    const chat = await open(browser, server.address);
    await chat.page.getByRole("combobox", { name: "Product" }).waitFor();
    const { page, wrong } = await open(browser, `${server.address}/admin#actors`, { viewport: { width: 360, height: 800 } });
    const first = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: /^session\.\d+$/ }) }).first();
    await first.waitFor();
    const name = (await first.locator(".actor-name bdi").textContent()) ?? "";
    expect(await first.locator(".actor-observed").textContent()).toMatch(/conversation [0-9a-f]+.*answering false.*offset 0/);
    expect(await first.getAttribute("data-depth")).toBe("2");
    await fail(name);
    await eventually("the page shows the crash", async () => (await line(page, name).locator(".actor-restarts").textContent()) === "1");
    const sideways = await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth);
    expect(sideways).toBe(0);
    await page.getByRole("button", { name: "Actors below sessions" }).click();
    await line(page, name).waitFor({ state: "detached" });
    expect([...wrong, ...chat.wrong]).toEqual([]);
    await chat.page.close();
  });

  test("the server is listed among the pods, with its sessions", async () => {
    const { page, wrong } = await open(browser, `${server.address}/admin`);
    const pods = page.getByRole("table", { name: "Servers" });
    const row = pods.getByRole("row").filter({ hasText: server.address.replace("http://", "") });
    await row.getByText("this one", { exact: true }).waitFor();
    await row.getByText("up", { exact: true }).waitFor();
    const sessions = row.locator('[data-label="Sessions"]');
    const before = Number(await sessions.textContent());
    const chat = await open(browser, server.address);
    await eventually("one more", async () => Number(await sessions.textContent()) === before + 1);
    await chat.page.close();
    expect(await page.getByText("There may be more servers").isVisible()).toBe(false);
    expect(wrong).toEqual([]);
  });

  test("a server that is away is said to be, and found again", async () => {
    const { page } = await open(browser, `${server.address}/admin#actors`);
    await line(page, "sessions").waitFor();
    await server.kill();
    await page.getByText("cannot be reached").waitFor();
    expect(await line(page, "sessions").count()).toBe(1);
    await server.begin();
    await page.getByText("cannot be reached").waitFor({ state: "detached" });
    await eventually("the tree is live again", async () => (await page.locator("#admin").getAttribute("data-link")) === "live");
  });

  test("in Hebrew it reads from right to left", async () => {
    const { page } = await open(browser, `${server.address}/admin#actors`, { locale: "he-IL" });
    await line(page, "root").getByText("פעיל", { exact: true }).waitFor();
    expect(await page.locator("table.actors").evaluate((table) => getComputedStyle(table).direction)).toBe("rtl");
  });

  test("whoever wants no motion sees the mark of a restart come without one", async () => {
    const { page } = await open(browser, `${server.address}/admin#actors`, { reducedMotion: "reduce" });
    const shard = line(page, "cache.predictions.0");
    await shard.waitFor();
    await fail("cache.predictions.0");
    await page.locator("tr[data-fresh]").filter({ hasText: "cache.predictions.0" }).waitFor();
    const moves = await shard.evaluate((row) => getComputedStyle(row).transitionDuration);
    expect(moves.split(", ").every((time) => time === "0s")).toBe(true);
    await page.locator("tr[data-fresh]").waitFor({ state: "detached" });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1200, 1024, 800, 360]) {
      test(`${colorScheme} and ${width} pixels wide, nothing stands in anybody's way and nothing scrolls sideways`, async () => {
        const viewport = { width, height: 800 };
        const { page } = await open(browser, `${server.address}/admin#actors`, { colorScheme, viewport, bypassCSP: true });
        await line(page, "cache.manuals.0").waitFor();
        expect(await findings(page)).toEqual([]);
        const sideways = await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth);
        expect(sideways).toBe(0);
      });
    }
  }
});

describe("a server with a token", () => {
  test("shows nothing without it, says so when it is wrong, and opens with the right one until the tab closes", async () => {
    const { page } = await open(browser, `${locked.address}/admin#actors`, { bypassCSP: true });
    const field = page.getByLabel("Admin token");
    await field.waitFor();
    expect(await page.getByRole("row").count()).toBe(0);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.type("a guess");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("does not accept").waitFor();
    await field.fill(TOKEN);
    await page.getByRole("button", { name: "Show" }).click();
    await line(page, "root").waitFor();
    expect(await field.isVisible()).toBe(false);
    await page.reload();
    await line(page, "root").waitFor();
    // It went nowhere but into this tab.
    expect(await page.evaluate(() => JSON.stringify(localStorage) + location.href)).not.toContain(TOKEN);
  });
});
