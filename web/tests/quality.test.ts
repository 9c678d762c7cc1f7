// Requirements on every page: its size, its accessibility in both themes, and no horizontal scrolling on a phone.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { foreignPage, launch, open, Server } from "./server.ts";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
/** Limit for the scripts of a first load, in bytes after gzip (issue 2, point 9). */
const FIRST_LOAD = 40 * 1024;
/** The same for pages of the team, which stay open and are cached by the browser. */
const TEAM_LOAD = 64 * 1024;

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

describe("first load", () => {
  const size = (path: string): number => gzipSync(readFileSync(path)).length;

  for (const [name, most] of [["index.html", FIRST_LOAD], ["agent.html", TEAM_LOAD], ["admin.html", TEAM_LOAD]] as const) {
    test(`the script of ${name} is small`, () => {
      const scripts = readFileSync(`${dist}/${name}`, "utf8").match(/\/static\/[^"]+\.js/g) ?? [];
      expect(scripts.length).toBeGreaterThan(0);
      expect(scripts.reduce((sum, script) => sum + size(dist + script), 0)).toBeLessThan(most);
    });
  }

  test("the widget's script is small, its stylesheet within", () => {
    expect(size(`${dist}/widget.js`)).toBeLessThan(FIRST_LOAD);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  describe(`in ${colorScheme}`, () => {
    test("nothing stands in the way of assistive technology, from the start to the answer", async () => {
      const { page, wrong } = await open(browser, server.address, { colorScheme, bypassCSP: true });
      await page.getByRole("heading", { name: "start with one of these" }).waitFor();
      expect(await findings(page)).toEqual([]);
      const field = page.getByRole("combobox", { name: "Product" });
      await field.pressSequentially("ke9");
      await page.getByRole("option", { name: /KE-9/ }).first().waitFor();
      expect(await findings(page)).toEqual([]);
      await field.press("Enter");
      await page.getByText("Made in").waitFor();
      expect(await findings(page)).toEqual([]);
      await page.keyboard.type("How do I descale the machine?");
      await page.keyboard.press("Enter");
      await page.locator(".turn[data-stage=done]").waitFor();
      expect(await findings(page)).toEqual([]);
      expect(wrong).toEqual([]);
    });
  });
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [language, locale] of [["en", "en-US"], ["he", "he-IL"]] as const) {
    test(`no page stands in its way in ${language} and ${colorScheme}, nor does the widget`, async () => {
      const options = { colorScheme, locale, bypassCSP: true };
      for (const [path, there] of [["/", ".sample .card"], ["/sign-in", "main p"], ["/first", "main p"]] as const) {
        const { page } = await open(browser, server.address + path, options);
        await page.locator(there).first().waitFor();
        expect(await page.locator("html").getAttribute("lang")).toBe(language);
        expect(await findings(page), path).toEqual([]);
        await page.context().close();
      }
      const foreign = await foreignPage(server, `data-language="${language}" data-product="kettleby-ke-9"`);
      const { page } = await open(browser, foreign.address, options);
      expect(await findings(page)).toEqual([]);
      await page.locator(".launcher").click();
      await page.getByRole("dialog").locator(".facts span").nth(2).waitFor();
      expect(await findings(page)).toEqual([]);
      foreign.close();
    });
  }
}

test("on a phone nothing scrolls sideways", async () => {
  const { page } = await open(browser, server.address, { viewport: { width: 360, height: 740 } });
  const sideways = (): Promise<number> =>
    page.evaluate(() => {
      const widest = [document.documentElement, ...document.querySelectorAll(".scroll")];
      return Math.max(...widest.map((element) => element.scrollWidth - element.clientWidth));
    });
  await page.getByRole("heading", { name: "start with one of these" }).waitFor();
  expect(await sideways()).toBe(0);
  await page.goto(`${server.address}/?product=kettleby-ke-9`);
  await page.getByText("Made in").waitFor();
  await page.getByRole("textbox", { name: "Your question" }).fill("How do I descale the machine?");
  await page.keyboard.press("Enter");
  await page.locator(".turn[data-stage=done]").waitFor();
  expect(await sideways()).toBe(0);
});
