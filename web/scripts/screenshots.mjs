// Takes the screenshots of the pages: docs/images/chat.png for the README, docs/images/admin.png for
// docs/supervision.md (after a panic, if the server has chaos.enabled), docs/images/agent.png for
// docs/console.md (if HSC_AGENT has the address and the password of an admin, separated by a colon), the
// rest into a folder for inspection.
//
//   npm run build && npm run screenshots -- http://127.0.0.1:8000 [FOLDER]

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { visit } from "./visitor.mjs";

const [address = "http://127.0.0.1:8000", folder] = process.argv.slice(2);
const readme = fileURLToPath(new URL("../../docs/images/chat.png", import.meta.url));

const wide = { width: 1100, height: 760 };
const narrow = { width: 360, height: 740 };
const question = "How do I descale the machine?";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
});

/** Opens a page, lets `act` bring it into the wanted state, and takes its screenshot. */
async function picture(path, options, act, query = "") {
  const context = await browser.newContext({ locale: "en-US", viewport: wide, ...options });
  const page = await context.newPage();
  await page.goto(`${address}/${query}`);
  await page.locator(".option, .sample .card, .product .title").first().waitFor();
  await act(page);
  await page.screenshot({ path });
  await context.close();
}

async function type(page, text) {
  await page.locator(".search input").pressSequentially(text);
  await page.locator(".option").first().waitFor();
}

async function ask(page, text) {
  await page.locator(".facts span").nth(2).waitFor();
  await page.locator("textarea").fill(text);
  await page.keyboard.press("Enter");
  await page.locator(".turn[data-stage=done] .foot").waitFor();
}

/** Rates the answer and ends the conversation: the rating. */
async function rate(page, text) {
  await ask(page, text);
  await page.locator(".thumb").first().click();
  await page.locator(".icon-leave").click();
  await page.locator(".mark").nth(3).click();
}

mkdirSync(fileURLToPath(new URL("../../docs/images", import.meta.url)), { recursive: true });
// High enough for a whole answer with its sources.
await picture(readme, { viewport: { width: 1100, height: 1100 } }, (page) => ask(page, question), "?product=kettleby-ke-9");

/** Signs in, if the server requires it. */
async function enter(page) {
  if (!page.url().includes("/sign-in")) return;
  const [who = "", password = ""] = (process.env.HSC_AGENT ?? "").split(/:(.*)/s);
  await page.locator("input[type=email]").fill(who);
  await page.locator("input[type=password]").fill(password);
  await page.keyboard.press("Enter");
}

/** Takes the screenshot of the actors, one of which has just restarted if the server allows it. */
async function actors(path, options) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1180, height: 860 }, ...options });
  const page = await context.newPage();
  await page.goto(`${address}/admin`);
  await enter(page);
  await page.locator("#admin").waitFor();
  // After the sign-in the first section is shown.
  await page.goto(`${address}/admin#actors`);
  await page.locator("tbody tr").first().waitFor();
  const data = { actor: "cache.manuals.0", fault: "panic" };
  const me = await context.request.get(`${address}/api/me`);
  const headers = me.ok() ? { "x-csrf-token": (await me.json()).csrf } : {};
  const told = await context.request.post(`${address}/admin/chaos`, { data, headers });
  if (told.ok()) await page.locator("tr[data-fresh]").first().waitFor();
  await page.screenshot({ path, animations: "disabled" });
  await context.close();
}

/** Takes the screenshot of an agent's console, with one conversation and one waiting visitor. */
async function desk(path, options) {
  if (process.env.HSC_AGENT === undefined) return;
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1320, height: 820 }, ...options });
  const visitors = await context.newPage();
  await visitors.goto(`${address}/sign-in`);
  const page = await context.newPage();
  await page.goto(`${address}/agent`);
  await enter(page);
  await page.locator("#agent[data-link=open]").waitFor();
  const about = { type: "query", product_id: "kettleby-ke-9", query: question };
  await visit(visitors, [about, { type: "handoff", reason: "It stops in the middle" }], [{ type: "message", content: "It stops after the coffee boiler." }]);
  await visit(visitors, [{ type: "handoff", reason: "A word about my order" }], []);
  await page.locator(".ticket", { hasText: "It stops" }).click();
  await page.locator("[data-action=take]").click();
  await page.locator(".item[data-from=visitor]").waitFor();
  await page.keyboard.press("Alt+KeyN");
  await page.locator("textarea").fill("Second call about this machine.");
  await page.keyboard.press("Enter");
  await page.locator(".item[data-kind=note]").waitFor();
  await page.keyboard.press("Alt+KeyN");
  await page.locator("textarea").fill("Thank you. Which number does the display show?");
  await page.screenshot({ path, animations: "disabled" });
  // So that the next screenshot begins without visitors.
  await page.locator("[data-action=close]").click();
  await page.locator("dialog .main").click();
  await context.close();
}

await desk(fileURLToPath(new URL("../../docs/images/agent.png", import.meta.url)), {});
await actors(fileURLToPath(new URL("../../docs/images/admin.png", import.meta.url)), {});

if (folder !== undefined) {
  mkdirSync(folder, { recursive: true });
  const still = () => undefined;
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries({ wide, narrow })) {
      const options = { colorScheme, viewport };
      const name = (what) => `${folder}/${what}-${size}-${colorScheme}.png`;
      await actors(name("actors"), options);
      await desk(name("agent"), options);
      await picture(name("start"), options, still);
      await picture(name("found"), options, (page) => type(page, "kettleby mol"));
      await picture(name("picked"), options, (page) => page.locator(".facts span").nth(2).waitFor(), "?product=kettleby-ke-9");
      await picture(name("answer"), options, (page) => ask(page, question), "?product=kettleby-ke-9");
      await picture(name("rating"), options, (page) => rate(page, question), "?product=kettleby-ke-9");
    }
  }
  await picture(`${folder}/hebrew.png`, { locale: "he-IL" }, (page) => type(page, "זהרי"));
  await picture(`${folder}/hebrew-answer.png`, { locale: "he-IL" }, (page) => ask(page, "איך מנקים?"), "?product=zohari-ed-7");
  await picture(`${folder}/hebrew-rating.png`, { locale: "he-IL" }, (page) => rate(page, "איך מנקים?"), "?product=zohari-ed-7");
  const unknown = (page) => ask(page, "Who won the world cup in 1954?");
  await picture(`${folder}/unknown.png`, {}, unknown, "?product=kettleby-ke-9");
  await picture(`${folder}/lost.png`, {}, async (page) => {
    await page.context().setOffline(true);
    await page.evaluate(() => undefined);
  });
}
await browser.close();
