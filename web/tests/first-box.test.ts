// The first box: a question that names its product is asked at once; else products are suggested and the text stays.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, launch, open, Server } from "./server.ts";
import { inViewport, SIZES } from "./in-view.ts";
import { shot } from "./shot.ts";

const answered = ".turn:last-child[data-stage=done]";

let server: Server;
let browser: Browser;

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

const field = (page: Page) => page.getByRole("combobox", { name: "Product" });
const options = (page: Page) => page.getByRole("listbox").getByRole("option");
const question = (page: Page) => page.getByRole("textbox", { name: "Your question" });

describe.each(SIZES)("the first box at $name", ({ viewport }) => {
  test("a question that names its product is asked at once, and question and answer are in view", async () => {
    const { page, wrong } = await open(browser, server.address, { viewport });
    await field(page).fill("how do i descale my kettleby ke-9");
    const hint = page.locator(".hint");
    await hint.getByText("how do i descale").waitFor();
    await inViewport("what Enter will ask", hint);
    await shot(page, "first-box-hint");
    await field(page).press("Enter");
    const turn = page.locator(answered);
    await turn.waitFor();
    expect(await turn.locator(".question").textContent()).toBe("how do i descale");
    await page.getByRole("heading", { level: 1, name: /KE-9/ }).waitFor();
    await inViewport("the question", turn.locator(".question"));
    await inViewport("the first words of the answer", turn.locator(".text > *").first());
    await shot(page, "first-box-answer");
    expect(wrong).toEqual([]);
  });

  test("Enter before the pause waits for what the text means", async () => {
    const { page } = await open(browser, server.address, { viewport });
    await field(page).fill("how do i descale my kettleby ke-9");
    await field(page).press("Enter");
    await page.locator(answered).waitFor();
    expect(await page.locator(answered).locator(".question").textContent()).toBe("how do i descale");
  });

  test("a description opens nothing by itself, and the text goes along with the product that is chosen", async () => {
    const { page } = await open(browser, server.address, { viewport });
    const text = "something that makes a lot of noise";
    await field(page).fill(text);
    await field(page).press("Enter");
    await eventually("the text was read", async () => (await field(page).getAttribute("aria-expanded")) === "true" || (await page.locator(".nothing").isVisible()));
    expect(await field(page).inputValue()).toBe(text);
    expect(page.url()).not.toContain("product=");

    const kind = "small usb audio interface please";
    await field(page).fill(kind);
    await page.locator(".hint").getByText("Choose the product you mean").waitFor();
    await inViewport("the advice", page.locator(".hint"));
    await inViewport("the first product", options(page).first());
    await field(page).press("Enter");
    expect(await field(page).inputValue()).toBe(kind);
    await shot(page, "first-box-offer");
    await options(page).first().click();
    await question(page).waitFor();
    expect(await question(page).inputValue()).toBe(kind);
    await inViewport("what was typed", question(page));
  });

  test("a wrong keyboard layout is undone", async () => {
    const { page } = await open(browser, server.address, { viewport });
    // "kettleby" typed with the Hebrew layout.
    await field(page).fill("לקאאךקנט");
    await options(page).filter({ hasText: "Kettleby" }).first().waitFor();
    await page.getByText("Read as “kettleby”").waitFor();
    await inViewport("the first product", options(page).first());
  });
});
