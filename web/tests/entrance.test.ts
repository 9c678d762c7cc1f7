// The sign-in pages of the team, against a real server.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { launch, open, Server } from "./server.ts";
import { inViewport, SIZES } from "./in-view.ts";
import { shot } from "./shot.ts";
import { temporaryFolder } from "./temporary.ts";

const PASSWORD = "a tame yak sat over";
const binary = process.env.HSC_BIN ?? fileURLToPath(new URL("../../target/debug/hsc", import.meta.url));

let server: Server;
let browser: Browser;

beforeAll(async () => {
  const archive = { HSC__ARCHIVE__PATH: join(temporaryFolder(), "archive.sqlite") };
  const add = ["user", "add", "ada@example.test", "--name", "Ada", "--role", "admin"];
  execFileSync(binary, add, { env: { ...process.env, ...archive }, input: `${PASSWORD}\n`, timeout: 60_000 });
  [server, browser] = await Promise.all([Server.start(archive), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

test("an admin is sent to sign in, is told when it is wrong, and comes where they wanted to", async () => {
  const { page } = await open(browser, `${server.address}/admin`, { bypassCSP: true });
  await page.getByLabel("Email address").fill("ada@example.test");
  expect(await findings(page)).toEqual([]);
  await page.getByLabel("Password").fill("not the password");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("is wrong, or the account is locked").waitFor();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${server.address}/admin`);
  await page.goto(`${server.address}/sign-in`);
  await page.getByText("You are signed in as Ada (admin).").waitFor();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await page.getByLabel("Password").waitFor();
});

test("without any account the pages of the team say how the first one is created, and nothing else", async () => {
  const empty = await Server.start({ HSC__ARCHIVE__PATH: join(temporaryFolder(), "archive.sqlite") });
  try {
    for (const { viewport } of SIZES) {
      for (const [locale, title] of [["en-US", "No account yet"], ["he-IL", "אין עדיין חשבון"]] as const) {
        const { page, wrong } = await open(browser, `${empty.address}/agent`, { bypassCSP: true, locale, viewport });
        await page.waitForURL(`${empty.address}/sign-in?next=/agent`);
        await inViewport("that there is no account", page.getByRole("heading", { name: title }));
        await inViewport("the link of the start", page.locator(".first-ways li").first());
        await inViewport("the command", page.getByText('hsc user add you@example.com --name "Your name" --role admin'));
        expect(await page.locator("input").count()).toBe(0);
        expect(await findings(page)).toEqual([]);
        expect(wrong.filter((one) => !one.includes("401"))).toEqual([]);
        await shot(page, `no-account-${locale.slice(0, 2)}`);
        await page.context().close();
      }
    }
    // Its output is visible to others: it contains neither the token of the link nor a path.
    const told: unknown = await (await fetch(`${empty.address}/api/sign-in`)).json();
    expect(told).toEqual({ provider: null, has_accounts: false });
  } finally {
    await empty.kill();
  }
  expect(await (await fetch(`${server.address}/api/sign-in`)).json()).toEqual({ provider: null, has_accounts: true });
});

test("without its link the first account is not made", async () => {
  const { page } = await open(browser, `${server.address}/first`, { bypassCSP: true, colorScheme: "dark" });
  await page.getByText("Open the link that the server wrote").waitFor();
  expect(await findings(page)).toEqual([]);
});
