// Takes the screenshots of docs/pages.md: every page in a wide window and the light theme, some also narrow and dark.
//
//   npm run build && HSC_AGENT=address:password npm run pages -- http://127.0.0.1:8000 [NAME…]
//
// The server has the demo catalog, and the account is an admin's. Use a separate server for screenshots:
// visitors connect, wait and rate. With names, only those pages are taken.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { visit } from "./visitor.mjs";

const [address = "http://127.0.0.1:8000", ...only] = process.argv.slice(2);
const [who = "", password = ""] = (process.env.HSC_AGENT ?? "").split(/:(.*)/s);
const folder = fileURLToPath(new URL("../../docs/images/pages", import.meta.url));
const sizes = { wide: { width: 1120, height: 760 }, narrow: { width: 390, height: 760 } };
// The pages that docs/pages.md also shows narrow and dark.
const inBoth = ["answer", "agent"];
const product = "kettleby-ke-9";
const question = "How do I descale the machine?";
const unknown = "Who won the world cup in 1954?";

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"],
});
mkdirSync(folder, { recursive: true });

async function signIn(page, to) {
  await page.goto(`${address}${to}`);
  if (!page.url().includes("/sign-in")) return;
  await page.locator("input[type=email]").fill(who);
  await page.locator("input[type=password]").fill(password);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => !url.pathname.includes("sign-in"));
  await page.goto(`${address}${to}`);
}

async function ask(page, text) {
  await page.locator(".facts span").nth(2).waitFor();
  await page.locator(".composer textarea").fill(text);
  await page.keyboard.press("Enter");
  await page.locator(".turn[data-stage=done] .foot").last().waitFor();
}

/** A visitor with its own socket, until the context is closed; resolves once the visitor waits. */
async function visitor(context, says, after = []) {
  const page = await context.newPage();
  await page.goto(`${address}/sign-in`);
  await visit(page, says, after);
}

/** An agent at the desk, in a page of the context. */
async function agent(context) {
  const page = await context.newPage();
  await signIn(page, "/agent");
  await page.locator("#agent[data-link=open]").waitFor();
  return page;
}

async function close(page) {
  await page.locator("[data-action=close]").click();
  await page.locator("dialog .main").click();
}

/** Every page: brings it into the wanted state, and returns how to clean up. */
const scenes = {
  start: async (page) => {
    await page.goto(`${address}/`);
    await page.locator(".sample .card").first().waitFor();
  },
  answer: async (page) => {
    await page.goto(`${address}/?product=${product}`);
    await ask(page, question);
  },
  unknown: async (page) => {
    await page.goto(`${address}/?product=${product}`);
    await ask(page, unknown);
  },
  // Before the first agent connects: with an agent the visitor would wait in the queue.
  letter: async (page) => {
    await page.goto(`${address}/`);
    await page.locator(".handoff-wish").click();
    await page.locator(".handoff button[type=submit]").click();
    await page.locator(".handoff input[type=email]").fill("dana@example.com");
    await page.locator(".handoff form textarea").fill("The display of my machine stays dark since this morning.");
  },
  person: async (page, context) => {
    const desk = await agent(context);
    await page.bringToFront();
    await page.goto(`${address}/?product=${product}`);
    await ask(page, unknown);
    await page.locator(".verdict .action").click();
    await page.locator(".handoff textarea").fill("The cup of 1954");
    await page.keyboard.press("Enter");
    await desk.locator(".ticket", { hasText: "The cup of 1954" }).click();
    await desk.locator("[data-action=take]").click();
    await page.locator(".entry", { hasText: "joined" }).waitFor();
    await desk.locator("[data-action=close]").waitFor();
    await desk.locator(".desk-composer textarea").fill("The football cup? Germany, three to two. Can I help with the machine too?");
    await desk.keyboard.press("Enter");
    await page.locator(".entry[data-from=agent]").waitFor();
    await page.locator(".composer textarea").fill("Thank you, it makes good coffee.");
    await page.keyboard.press("Enter");
    await page.locator(".entry[data-from=visitor][data-sent=true]").waitFor();
    await desk.locator(".desk-composer textarea").pressSequentially("Glad");
    return () => close(desk);
  },
  agent: async (page, context) => {
    // First the agent: without one no visitor would wait.
    await signIn(page, "/agent");
    await page.locator("#agent[data-link=open]").waitFor();
    await visitor(context, [
      { type: "query", product_id: product, query: question },
      { type: "handoff", reason: "It stops in the middle" },
    ], [{ type: "message", content: "It stops after the coffee boiler." }]);
    await visitor(context, [{ type: "handoff", reason: "A word about my order" }]);
    await page.bringToFront();
    await page.locator(".ticket", { hasText: "It stops" }).click();
    await page.locator("[data-action=take]").click();
    await page.locator(".item[data-from=visitor]").waitFor();
    await page.locator("[data-action=close]").waitFor();
    await page.keyboard.press("Alt+KeyN");
    await page.locator(".desk-composer textarea").fill("Second call about this machine.");
    await page.keyboard.press("Enter");
    await page.locator(".item[data-kind=note]").waitFor();
    await page.keyboard.press("Alt+KeyN");
    await page.locator(".desk-composer textarea").fill("Thank you. Which number does the display show?");
    return () => close(page);
  },
  "sign-in": async (page) => {
    await page.goto(`${address}/sign-in`);
    await page.locator("input[type=email]").waitFor();
  },
  first: async (page) => {
    await page.goto(`${address}/first?token=spent`);
    await page.locator("#entrance > *").first().waitFor();
  },
};
for (const section of ["overview", "actors", "sessions", "catalogs", "manuals", "caches", "settings", "analytics", "conversations", "audit", "webhooks", "users"]) {
  scenes[`admin-${section}`] = async (page) => {
    await signIn(page, `/admin#${section}`);
    await page.locator("#admin").waitFor();
    await page.waitForLoadState("networkidle");
  };
}

for (const [name, scene] of Object.entries(scenes)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const variants = [["wide", "light"], ...(inBoth.includes(name) ? [["narrow", "dark"]] : [])];
  for (const [size, colorScheme] of variants) {
    const context = await browser.newContext({ locale: "en-US", viewport: sizes[size], colorScheme });
    const page = await context.newPage();
    const after = await scene(page, context);
    await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png`, animations: "disabled" });
    await after?.();
    await context.close();
  }
}
await browser.close();
