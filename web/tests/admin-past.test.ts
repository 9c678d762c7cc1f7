// The archive sections of the administration, against a real server: the actions of a visitor and an agent are
// shown in each section, downloaded, and harmless.

import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { eventually, launch, open, Server } from "./server.ts";
import { Visitor } from "./team.ts";
import { temporaryFolder } from "./temporary.ts";

const PASSWORD = "a tame yak sat over";
const TOKEN = "a-token-of-this-test-32-characters";
const PRODUCT = "kettleby-ke-9";
const KNOWN = "How do I descale the machine?";
/** A question without an answer in the manual, which contains a script. */
const NASTY = `Who won in 1954? <img src=x onerror="window.hurt=1">`;
/** An endpoint without a listener, so that deliveries to it fail at once. */
const DEAF = {
  HSC__WEBHOOKS__ENDPOINTS: `[{ url = "http://127.0.0.1:9/hook", events = ["message.left"], secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLswA1234567890ab" }]`,
  HSC__WEBHOOKS__ALLOWED_HOSTS: "127.0.0.1:9",
  HSC__WEBHOOKS__MAX_ATTEMPTS: "1",
};
const binary = process.env.HSC_BIN ?? fileURLToPath(new URL("../../target/debug/hsc", import.meta.url));

let server: Server;
/** A server without an account, which accepts the admin token. */
let locked: Server;
let browser: Browser;

beforeAll(async () => {
  const archive = { HSC__ARCHIVE__PATH: join(temporaryFolder(), "archive.sqlite") };
  for (const [address, name, role] of [["yael", "Yael", "agent"], ["ada", "Ada", "admin"]] as const) {
    const add = ["user", "add", `${address}@example.test`, "--name", name, "--role", role];
    execFileSync(binary, add, { env: { ...process.env, ...archive }, input: `${PASSWORD}\n`, timeout: 60_000 });
  }
  [server, locked, browser] = await Promise.all([Server.start({ ...archive, ...DEAF }), Server.start({ HSC__ADMIN__TOKEN: TOKEN }), launch()]);
  await Promise.all([visit(server), visit(locked), leave()]);
});
afterAll(async () => {
  await browser.close();
  await Promise.all([server.kill(), locked.kill()]);
});

/** A visitor asks two questions, one without an answer, rates the first answer negatively, and rates the conversation. */
async function visit({ address }: Server): Promise<void> {
  const { page } = await open(browser, `${address}/sign-in`);
  const visitor = await Visitor.come(page, "visitor", "en");
  const asked = { type: "query", product_id: PRODUCT, scenario: "general" } as const;
  await visitor.say({ ...asked, query: KNOWN });
  const { offset } = await visitor.answered(1);
  if (typeof offset !== "number") throw new Error("the end of an answer has no offset");
  await visitor.say({ type: "feedback", offset, thumb: "down", comment: "<b>too</b> short" }, { ...asked, query: NASTY });
  await visitor.answered(2);
  await visitor.say({ type: "csat", rating: 4, comment: "<i>fine</i>" }, { type: "bye" });
  await page.close();
}

async function leave(): Promise<void> {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ address: "dana@example.test", text: `Call me. ${NASTY}` });
  expect((await fetch(`${server.address}/api/leave-message`, { method: "POST", headers, body, signal: AbortSignal.timeout(30_000) })).status).toBe(202);
}

/** A signed-in admin in a section. */
async function admin(section: string, options: BrowserContextOptions = {}) {
  const { page, wrong } = await open(browser, `${server.address}/sign-in?next=/admin`, { bypassCSP: true, ...options });
  await page.locator("input[type=email]").fill("ada@example.test");
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${server.address}/admin`);
  await page.goto(`${server.address}/admin#${section}`);
  wrong.length = 0; // Nobody was signed in at first; the browser says so of /api/me.
  return { page, wrong };
}

const line = (page: Page, words: string) => page.locator(".grid tbody tr:visible", { hasText: words });

/** No script ran, there is no accessibility problem, and no horizontal scrolling. */
async function sound(page: Page): Promise<void> {
  expect(await findings(page)).toEqual([]);
  expect(await page.evaluate(() => (window as unknown as { hurt?: number }).hurt)).toBeUndefined();
  expect(await page.locator("main").evaluate((main) => main.scrollWidth - main.clientWidth)).toBe(0);
}

/** Clicks, and reads the downloaded file. */
async function saved(page: Page, name: string): Promise<{ file: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
  return { file: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };
}

test("figures of today, the work list, the way to the conversation, and each list as a file", async () => {
  const { page, wrong } = await admin("analytics?days=1");
  const tile = (name: string) => page.locator(".figures > div", { has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) }).locator("dd");
  // The archive is written asynchronously.
  await eventually("the figures are there", async () => {
    await page.getByRole("button", { name: "Today" }).click();
    return /^2\b/.test((await tile("Questions").textContent()) ?? "") && ((await tile("Rating").textContent()) ?? "").startsWith("4");
  });
  expect(await tile("Answered").textContent()).toBe("150%");
  expect(await tile("Not answered").textContent()).toBe("150%");
  expect(await tile("Time to first response").textContent()).toMatch(/\d (ms|sec).*longest/);
  await page.getByRole("img", { name: /Questions over time/ }).waitFor();
  await page.getByRole("img", { name: /Ratings over time/ }).waitFor();
  await page.locator(".bars summary").last().click();
  expect(await page.locator(".bars-table tbody tr:visible").last().textContent()).toMatch(/41$/);
  await sound(page);

  const open = line(page, NASTY);
  expect(await open.textContent()).toContain("The manual does not say");
  for (const [name, holds] of [["Unanswered questions", "Who won in 1954?"], ["Most asked", PRODUCT], ["Questions over time", ",2,"], ["Ratings over time", ",1,4"]] as const) {
    const { file, text } = await saved(page, name);
    expect(file).toMatch(/^[a-z-]+_\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d\.csv$/);
    expect(text, name).toContain(holds);
  }

  // Another period contains none of it.
  await page.getByRole("button", { name: "Custom range" }).click();
  await page.getByLabel("To (inclusive)").fill("2020-01-02");
  await page.getByText("The first day must come before the last.").waitFor();
  await page.getByLabel("From", { exact: true }).fill("2020-01-01");
  await page.getByText("Every question of this period was answered.").waitFor();
  expect(page.url()).toContain("from=2020-01-01");
  await page.getByRole("button", { name: "30 days" }).click();

  await open.getByRole("link", { name: "Read" }).click();
  await page.locator(".past-one .item[data-kind=message]", { hasText: NASTY }).waitFor();
  expect(wrong).toEqual([]);
});

test("a conversation is found by what was said in it and read with pages, thumbs and rating; so is what was left", async () => {
  const { page, wrong } = await admin("conversations");
  await page.getByLabel("Words in the conversation").fill("descal");
  await eventually("the address says what is looked for", () => page.url().includes("text=descal"));
  await page.getByRole("link", { name: KNOWN }).click();
  const talk = page.locator(".past-one");
  await talk.locator(".item[data-kind=answer] .text .cite").first().waitFor();
  expect(await talk.locator(".item[data-kind=answer] .cite").first().getAttribute("href")).toContain(`/manuals/${PRODUCT}#page=`);
  expect(await talk.locator(".thumb").textContent()).toMatch(/not helpful.*<b>too<\/b> short/);
  expect(await talk.locator(".past-facts").textContent()).toMatch(/4 of 5.*<i>fine<\/i>/);
  await talk.locator(".rests summary").first().click();
  await sound(page);

  await page.getByRole("link", { name: "Back to the list" }).click();
  expect(await page.getByLabel("Words in the conversation").inputValue()).toBe("descal");
  // A product is picked by its name; the URL has its id.
  const product = page.getByLabel("Product");
  await product.fill("kettleby ke-9");
  await product.press("Enter");
  await eventually("the address names the product", () => page.url().includes(`product=${PRODUCT}`));
  await page.getByRole("link", { name: KNOWN }).waitFor();
  expect(await product.inputValue(), "the field shows what was picked").toBe("Kettleby Molo KE-9 Espresso Machine");
  await page.getByLabel("Rating").selectOption("1");
  await page.getByText("No past conversation matches.").waitFor();
  await page.getByRole("link", { name: "Offline messages" }).click();
  await line(page, `Call me. ${NASTY}`).getByRole("link", { name: "dana@example.test" }).waitFor();
  await sound(page);
  expect(wrong).toEqual([]);
});

test("who read a conversation stands in the audit, and can be looked for", async () => {
  const { page, wrong } = await admin("audit");
  await eventually("reading was written down", async () => {
    await page.reload();
    await page.locator(".grid tbody tr").first().waitFor();
    return (await line(page, "conversation.read").count()) > 0;
  });
  await sound(page);
  await page.getByLabel("Action").fill("sign_in");
  await line(page, "conversation.read").first().waitFor({ state: "detached" });
  expect(await line(page, "sign_in").count()).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
});

test("what came to nothing is told with its reason, sent again, and discarded once that is confirmed", async () => {
  const { page, wrong } = await admin("webhooks");
  const letter = line(page, "message.left").filter({ has: page.getByRole("button", { name: "Send again" }) });
  await letter.getByText(/cannot be reached/).waitFor();
  await letter.locator("summary").click();
  expect(await letter.locator("pre").textContent()).toContain("Who won in 1954?");
  await sound(page);
  await letter.getByRole("button", { name: "Send again" }).click();
  await page.getByText("Queued to be sent again.").waitFor();
  await page.getByRole("button", { name: "Send a test to" }).click();
  await page.getByText("A test was sent").waitFor();
  // Both fail again.
  await line(page, "message.left").filter({ hasText: "Discard" }).waitFor();
  const test = line(page, "Discard").filter({ has: page.getByRole("rowheader", { name: "test" }) });
  await test.getByRole("button", { name: "Discard" }).click();
  await sound(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await test.getByRole("button", { name: "Discard" }).click();
  await page.getByRole("button", { name: "Yes, discard it" }).click();
  await page.getByText("Discarded.", { exact: true }).waitFor();
  await test.waitFor({ state: "detached" });
  expect(wrong).toEqual([]);
});

test("an account is added, gets another role and password, and is locked out", async () => {
  const { page, wrong } = await admin("users");
  await line(page, "yael@example.test").waitFor();
  const form = page.locator(".new-user");
  await form.getByLabel("Name").fill("Noam <b>Levi</b>");
  await form.getByLabel("Address").fill("noam@example.test");
  await form.getByLabel("Password").fill("password");
  await form.getByRole("button", { name: "Create account" }).click();
  await form.locator(".outcome[data-is=bad]").waitFor();
  await form.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  const noam = line(page, "noam@example.test");
  await noam.getByText("Noam <b>Levi</b>", { exact: true }).waitFor();
  await noam.getByRole("button", { name: "Make an admin" }).click();
  await page.getByRole("button", { name: "Yes, change it" }).click();
  await noam.getByRole("button", { name: "Make an agent" }).waitFor();
  await noam.getByRole("button", { name: "New password" }).click();
  await page.keyboard.type("short");
  await page.keyboard.press("Enter");
  await page.locator("dialog .wrong:not(:empty)").waitFor();
  expect(await findings(page)).toEqual([]);
  await page.locator("dialog input").fill("another yak sat under");
  await page.keyboard.press("Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  await noam.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Yes, disable" }).click();
  await noam.getByText("Disabled", { exact: true }).waitFor();
  await sound(page);
  expect(wrong.filter((what) => !what.includes("422"))).toEqual([]);
});

test("whoever brings only the token sees the figures, saves them, and is asked to sign in for what was said", async () => {
  const { page } = await open(browser, `${locked.address}/admin#analytics`);
  await page.getByLabel("Admin token").fill(TOKEN);
  await page.getByLabel("Admin token").press("Enter");
  await line(page, NASTY).waitFor();
  expect((await saved(page, "Unanswered questions")).text).toContain("Who won in 1954?");
  await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name: "Past conversations" }).click();
  await page.getByText("Sign in as an admin to read this.").waitFor();
  await page.locator(".section").getByRole("link", { name: "Sign in" }).waitFor();
});

for (const width of [1200, 360]) {
  test(`in Hebrew, in the dark and ${width} pixels wide, every section reads from right to left`, async () => {
    const { page } = await admin("analytics", { locale: "he-IL", colorScheme: "dark", viewport: { width, height: 800 } });
    await line(page, NASTY).waitFor();
    expect(await page.locator("html").getAttribute("dir")).toBe("rtl");
    await sound(page);
    await line(page, NASTY).getByRole("link").click();
    await page.locator(".past-one .item").first().waitFor();
    await sound(page);
    for (const section of ["conversations", "conversations?list=left", "audit", "webhooks", "users"]) {
      await page.goto(`${server.address}/admin#${section}`);
      await page.locator(".section .past").waitFor();
      await page.locator(".section :is(.grid tbody tr, .nothing, .says:not(:empty)):visible").first().waitFor();
      await sound(page);
    }
  });
}
