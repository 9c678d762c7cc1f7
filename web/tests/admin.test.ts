// The operator's page against a real server with injected faults.

import { execFileSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { operatorHeaders, binary, eventually, launch, open as openPlain, openAsOperator as open, Server } from "./server.ts";
import { inViewport } from "./in-view.ts";
import { temporaryFolder } from "./temporary.ts";

const TOKEN = "the-token-of-the-server-that-is-locked";

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
  const headers = operatorHeaders;
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
    // No other actor was affected.
    expect(await line(page, "cache.manuals.1").locator(".actor-restarts").textContent()).toBe("0");
    expect(wrong).toEqual([]);
  });

  test("what is open and what is folded stays so while the page is live", async () => {
    const { page } = await open(browser, `${server.address}/admin#actors`);
    const shard = line(page, "cache.answers.0");
    await shard.locator("summary").click();
    const folder = page.getByRole("button", { name: "Actors supervised by cache.manuals" });
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
    await page.getByRole("button", { name: "Actors supervised by sessions" }).click();
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
    expect(await page.getByText("The list of servers may be incomplete").isVisible()).toBe(false);
    expect(wrong).toEqual([]);
  });

  test("a server that is away is said to be, and found again", async () => {
    const { page } = await open(browser, `${server.address}/admin#actors`);
    await line(page, "sessions").waitFor();
    await server.kill();
    await page.getByText("cannot be reached").waitFor();
    expect(await line(page, "sessions").count()).toBe(1);
    await server.run();
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
    const { page } = await openPlain(browser, `${locked.address}/admin#actors`, { bypassCSP: true });
    const field = page.getByLabel("Admin token");
    await field.waitFor();
    expect(await page.getByRole("row").count()).toBe(0);
    expect(await findings(page)).toEqual([]);
    await page.keyboard.type("a guess");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("does not accept").waitFor();
    await field.fill(TOKEN);
    await page.getByRole("button", { name: "Continue" }).click();
    await line(page, "root").waitFor();
    expect(await field.isVisible()).toBe(false);
    await page.reload();
    await line(page, "root").waitFor();
    // It is stored in this tab only.
    expect(await page.evaluate(() => JSON.stringify(localStorage) + location.href)).not.toContain(TOKEN);
  });
});

const SECTIONS = ["overview", "sessions", "actors", "catalogs", "manuals", "caches", "settings"];

/** Waits for a section that has loaded. */
const live = (page: Page, section: string) => page.locator(`#admin[data-section="${section}"][data-link="live"]`).waitFor();
/** Confirms the next dialog. */
const agree = (page: Page, word: string) => page.getByRole("dialog").getByRole("button", { name: word, exact: true }).click();
/** The errors of a page, except for the missing session: the operator uses a token. */
const wrongIn = (wrong: string[]) => wrong.filter((words) => !words.includes("401"));

describe("the sections", () => {
  const folder = temporaryFolder();
  const data = fileURLToPath(new URL("../../catalogs/data", import.meta.url));
  const SCRIPT = "<img src=x onerror=alert(1)> Kettle";
  let operated: Server;

  beforeAll(async () => {
    cpSync(data, folder, { recursive: true });
    operated = await Server.start({ HSC__CATALOG__DIR: folder, HSC__CATALOG__WATCH: "false" });
  });
  afterAll(async () => {
    await operated.kill();
  });
  const go = async (section: string, options = {}) => {
    const opened = await open(browser, `${operated.address}/admin#${section}`, options);
    await live(opened.page, section.replace(/\?.*/, ""));
    return opened;
  };

  for (const [colorScheme, width, locale] of [["light", 1240, "en-US"], ["dark", 360, "en-US"], ["light", 360, "he-IL"]] as const) {
    test(`stand in nobody's way: ${colorScheme}, ${width} pixels, ${locale}`, async () => {
      const { page, wrong } = await go("overview", { colorScheme, viewport: { width, height: 800 }, locale, bypassCSP: true });
      for (const section of SECTIONS) {
        await page.locator(`.sections a[href="#${section}"]`).click();
        await live(page, section);
        await page.locator(".section :is(table, .nothing):visible").first().waitFor();
        const heading = page.getByRole("heading", { level: 1 });
        expect(await heading.textContent()).toBe(await page.locator(".sections a[aria-current]").textContent());
        expect(await heading.evaluate((it) => it === document.activeElement)).toBe(section !== "overview");
        expect(await findings(page), section).toEqual([]);
        expect(await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth), section).toBe(0);
        expect(await page.locator(".section").evaluate((it) => getComputedStyle(it).direction)).toBe(locale === "he-IL" ? "rtl" : "ltr");
      }
      await page.goBack();
      await live(page, "caches");
      expect(wrong).toEqual([]);
    });
  }

  test("a chart tells its value to the keyboard, and all of them in a table", async () => {
    const { page, wrong } = await go("overview");
    const memory = page.getByRole("slider", { name: /^Memory/ });
    await eventually("a point is there", async () => (await memory.getAttribute("aria-valuetext"))?.includes("MB") === true);
    const newest = await memory.getAttribute("aria-valuenow");
    await memory.focus();
    await page.keyboard.press("Home");
    expect(await memory.getAttribute("aria-valuenow")).toBe("0");
    expect(await memory.locator(".chart-cursor").count()).toBe(1);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("PageUp");
    expect(await memory.getAttribute("aria-valuenow")).toBe("13");
    await page.keyboard.press("End");
    expect(await memory.getAttribute("aria-valuenow")).toBe(newest);
    expect(await memory.locator(".chart-dot").count()).toBeGreaterThan(0);
    const figure = page.locator(".chart-of").filter({ has: memory });
    await figure.getByText("As a table").click();
    await figure.getByRole("row").nth(1).getByText("MB").waitFor();
    expect(await figure.getByRole("row").count()).toBe(Number(newest) + 2);
    expect(wrong).toEqual([]);
  });

  test("a word goes to everybody after it was asked once, and a session is found and closed", async () => {
    const chat = await open(browser, operated.address);
    await chat.page.getByRole("combobox", { name: "Product" }).waitFor();
    const { page, wrong } = await go("overview");
    await page.getByLabel("Shown to all connected").fill("Back at noon.");
    await page.getByRole("button", { name: "Send" }).click();
    await agree(page, "Cancel");
    expect(await chat.page.getByText("Back at noon.").count()).toBe(0);
    await page.getByRole("button", { name: "Send" }).click();
    await agree(page, "Send");
    await page.getByText("Shown to 1 connection on this server. There is no other server.").waitFor();
    await chat.page.getByText("Back at noon.").waitFor();

    await page.getByRole("link", { name: "Sessions" }).click();
    await live(page, "sessions");
    const field = page.getByLabel("Key, conversation");
    await field.fill("no such conversation");
    await page.getByText("No session matches.").waitFor();
    expect(page.url()).toContain("#sessions?text=no");
    await field.fill("127.0.0.1");
    await page.getByRole("button", { name: /^Close \d+$/ }).click();
    await agree(page, "Yes, close it");
    await page.getByText(/^Session \d+ is closed\.$/).waitFor();
    await page.getByText("No session matches.").waitFor();
    await chat.page.getByText("has closed this chat").waitFor();
    expect(wrongIn(wrong)).toEqual([]);
    await chat.page.close();
  });

  test("a brand file is tried, read through and written, and a script in a name is text", async () => {
    const { page, wrong } = await go("catalogs");
    const name = "kettleby.json";
    const file = JSON.parse(readFileSync(join(data, name), "utf8")) as { products: { id: string; name: string }[] };
    const sent = { ...file, products: file.products.slice(0, -1).map((it) => (it.id === "kettleby-ke-9" ? { ...it, name: SCRIPT } : it)) };
    const chosen = page.locator("#brand-file");
    await chosen.setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from("{ no JSON") });
    await page.getByRole("button", { name: "Check" }).click();
    await page.locator(".report").getByText("would be rejected").waitFor();
    expect(await page.getByRole("button", { name: "Write" }).count()).toBe(0);

    await chosen.setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(JSON.stringify(sent)) });
    expect(await page.locator(".report").textContent()).toBe("");
    await page.getByRole("button", { name: "Check" }).click();
    await page.getByText("Checked; nothing was written.").waitFor();
    await page.locator(".report").getByText("Removed: 1").waitFor();
    expect(await page.locator(".report").textContent()).toContain("kettleby-ke-9");
    expect(readFileSync(join(folder, name), "utf8")).not.toContain("onerror");
    const write = page.getByRole("button", { name: "Write" });
    await write.click();
    await agree(page, "Cancel");
    await write.click();
    await agree(page, "Write");
    await page.locator(".report").getByText("Written: kettleby.json").waitFor();
    expect(readFileSync(join(folder, name), "utf8")).toContain("onerror");
    await page.getByRole("button", { name: "Reload" }).click();
    await page.getByText(/^Loaded: version [0-9a-f]+, 71 products\.$/).waitFor();

    await page.goto(`${operated.address}/admin#manuals?text=kettleby-ke-9`);
    await page.getByRole("rowheader").getByText(SCRIPT).waitFor();
    expect(await page.locator(".section img").count()).toBe(0);
    expect(wrongIn(wrong)).toEqual([]);
  });

  test("a manual is found and fetched again, what is kept is forgotten, and a setting is found", async () => {
    const { page, wrong } = await go("manuals?text=lumafjord");
    await page.getByLabel("State").selectOption("none");
    await eventually("only those without one", async () => (await page.locator("tr[data-state]:not([data-state=none])").count()) === 0);
    await page.getByLabel("State").selectOption("");
    await page.getByRole("button", { name: /^Fetch again/ }).first().click();
    await page.getByText(/: loaded, \d+ pages\.$/).waitFor();
    const opened = page.locator("tr[data-state=open]");
    await opened.getByText("loaded", { exact: true }).waitFor();
    await inViewport("that answers are found by words alone", page.getByText("The sentence encoder is switched off"));
    expect(await opened.locator(".col-embedded").textContent()).toBe("–");

    await page.getByRole("link", { name: "Caches" }).click();
    await live(page, "caches");
    const entries = page.getByRole("row").filter({ hasText: "Manuals" }).locator(".col-entries");
    await eventually("the manual is counted", async () => (await entries.textContent()) === "1");
    await page.getByLabel("What", { exact: true }).selectOption("catalog_version");
    await page.getByLabel("Address or version").fill("no-such-version");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("Cleared here: 0 manuals").waitFor();
    await page.getByLabel("What", { exact: true }).selectOption("all");
    await page.getByRole("button", { name: "Clear" }).click();
    await agree(page, "Clear");
    await page.getByText("Cleared here: 1 manuals").waitFor();
    await eventually("nothing is kept", async () => (await entries.textContent()) === "0");

    await page.getByRole("link", { name: "Settings" }).click();
    await page.getByLabel("Name or value").fill("catalog.w");
    await page.getByRole("row", { name: /catalog\.watch false true/ }).waitFor();
    await page.getByLabel("Show", { exact: true }).selectOption("changed");
    await eventually("one line is left", async () => (await page.locator(".settings tbody tr").count()) === 1);
    expect(wrongIn(wrong)).toEqual([]);
  });

  test("it drains after it was asked once", async () => {
    const leaving = await Server.start();
    const { page } = await open(browser, `${leaving.address}/admin`);
    await page.getByRole("button", { name: "Drain" }).click();
    await agree(page, "Cancel");
    await page.locator(".readiness").getByText("Ready", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Drain" }).click();
    await agree(page, "Drain");
    await page.getByText(/^Draining: 0 sessions/).waitFor();
    await page.getByText("cannot be reached").first().waitFor();
    await leaving.kill();
  });
});

describe("a session that ends while the page is open", () => {
  test("leads to signing in first, and back to where somebody was", async () => {
    const archive = { HSC__ARCHIVE__PATH: join(temporaryFolder(), "archive.sqlite") };
    const password = "a tame yak sat over";
    const add = ["user", "add", "ada@example.test", "--name", "Ada", "--role", "admin"];
    execFileSync(binary, add, { env: { ...process.env, ...archive }, input: `${password}\n`, timeout: 60_000 });
    const house = await Server.start(archive);
    const { page } = await openPlain(browser, `${house.address}/sign-in?next=/admin`);
    const enter = async (): Promise<void> => {
      await page.getByLabel("Email address").fill("ada@example.test");
      await page.getByLabel("Password").fill(password);
      await page.keyboard.press("Enter");
    };
    await enter();
    await live(page, "overview");
    await page.getByRole("link", { name: "Caches" }).click();
    await live(page, "caches");
    // Changes need the CSRF token of the session.
    await page.getByLabel("What", { exact: true }).selectOption("catalog_version");
    await page.getByLabel("Address or version").fill("no-such-version");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("Cleared here: 0 manuals").waitFor();
    await page.context().clearCookies();
    await page.getByText("You are signed out.").waitFor();
    expect(await page.locator(".section").isVisible()).toBe(false);
    const way = page.getByRole("link", { name: "Sign in", exact: true });
    expect(await way.evaluate((link) => link === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    await enter();
    await live(page, "caches");
    expect(page.url()).toBe(`${house.address}/admin#caches`);
    await house.kill();
  });
});
