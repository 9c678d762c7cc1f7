// The widget in a page of another origin, with that page's strict policy.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, foreignPage, launch, open, Server } from "./server.ts";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

describe("the widget", () => {
  test("answers in a foreign page, and gives the focus back when it closes", async () => {
    const foreign = await foreignPage(server, `data-language="en" data-accent="#7a1fa2" data-title="Ask us"`);
    const { page, wrong } = await open(browser, foreign.address);
    const launcher = page.getByRole("button", { name: "Ask us" });
    await launcher.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "Ask us" });
    await dialog.waitFor();
    await page.keyboard.type("ke9");
    await dialog.getByRole("option", { name: /KE-9/ }).first().waitFor();

    // Escape empties the field first, and closes the panel only if it is empty.
    await page.keyboard.press("Escape");
    expect(await dialog.isVisible()).toBe(true);
    await page.keyboard.type("ke9");
    await dialog.getByRole("option", { name: /KE-9/ }).first().waitFor();
    await page.keyboard.press("Enter");
    await dialog.getByText("Made in").waitFor();
    await page.keyboard.type("How do I descale the machine?");
    await page.keyboard.press("Enter");
    await dialog.locator(".turn[data-stage=done]").waitFor();
    expect(await dialog.locator(".cite").first().getAttribute("href")).toContain(
      `${server.address}/manuals/kettleby-ke-9#page=`,
    );

    await page.keyboard.press("Escape");
    await eventually("the panel is closed", () => dialog.isHidden());
    const focused = await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.className);
    expect(focused).toBe("launcher");
    expect(wrong).toEqual([]);
    foreign.close();
  });

  test("takes its colour from its tag and leaves the page's own things alone", async () => {
    const foreign = await foreignPage(server, `data-language="en" data-accent="rgb(255, 220, 0)"`);
    const { page, wrong } = await open(browser, foreign.address);
    const theirs = await page.locator("#theirs").evaluate((button) => getComputedStyle(button).cssText);
    const launcher = page.locator(".launcher");
    const colours = await launcher.evaluate((button) => {
      const style = getComputedStyle(button);
      return [style.backgroundColor, style.color];
    });
    // Black has more contrast than white on yellow.
    expect(colours).toEqual(["rgb(255, 220, 0)", "rgb(0, 0, 0)"]);
    await launcher.click();
    await page.getByRole("dialog").waitFor();
    expect(await page.locator("#theirs").evaluate((button) => getComputedStyle(button).cssText)).toBe(theirs);
    expect(wrong).toEqual([]);
    foreign.close();
  });

  test("keeps its sizes in a page whose own root size is another", async () => {
    const foreign = await foreignPage(server, `data-language="en" data-product="kettleby-ke-9"`);
    const { page } = await open(browser, foreign.address);
    await page.locator(".launcher").click();
    const header = page.locator(".product");
    await header.getByText("Made in").waitFor();
    const height = async (): Promise<number | undefined> => (await header.boundingBox())?.height;
    const before = await height();
    await page.evaluate(() => {
      document.documentElement.style.fontSize = "62.5%";
    });
    expect(await height()).toBe(before);
    foreign.close();
  });

  test("in a right-to-left language it reads from right to left", async () => {
    const foreign = await foreignPage(server, `data-language="he"`);
    const { page } = await open(browser, foreign.address);
    await page.getByRole("button", { name: "עזרה עם מוצר" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("heading", { name: "באיזה מוצר מדובר?" }).waitFor();
    expect(await dialog.evaluate((panel) => getComputedStyle(panel).direction)).toBe("rtl");
    const box = await dialog.boundingBox();
    // It is in the corner where lines end: in Hebrew, on the left.
    expect(box?.x).toBeLessThan(100);
    foreign.close();
  });
});
