// The widget across pages of a site: closed, on the next page, and where the page replaces its own body.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, launch, open, Server } from "./server.ts";
import { inViewport, SIZES } from "./in-view.ts";
import { PASSWORD, withTeam } from "./pods.ts";

let server: Server;
let browser: Browser;
let site: { address: string; close(): void };
let yael: Page;

/** A site of several pages: `/plain/1` with a new document each, `/head/1` and `/body/1` with Turbo. */
async function pagesWithTurbo(): Promise<typeof site> {
  const turbo = await readFile(new URL("../node_modules/@hotwired/turbo/dist/turbo.es2017-umd.js", import.meta.url), "utf8");
  const http = createServer((request, response) => {
    if (request.url === "/turbo.js") {
      response.writeHead(200, { "content-type": "text/javascript" });
      response.end(turbo);
      return;
    }
    const [, kind = "plain", number = "1"] = (request.url ?? "").split("/");
    const tag = `<script src="${server.address}/widget.js" async data-language="en"></script>`;
    const head = `${kind === "plain" ? "" : '<script src="/turbo.js"></script>'}${kind === "body" ? "" : tag}`;
    const next = `/${kind}/${Number(number) + 1}`;
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(
      `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>Shop ${number}</title>${head}</head>` +
        `<body><h1>Page ${number}</h1><a id="next" href="${next}">Next</a><main id="app"></main>${kind === "body" ? tag : ""}</body></html>`,
    );
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

beforeAll(async () => {
  [server, browser] = await Promise.all([Server.start(withTeam()), launch()]);
  site = await pagesWithTurbo();
  ({ page: yael } = await open(browser, `${server.address}/agent`));
  await yael.locator("input[type=email]").fill("yael@example.test");
  await yael.locator("input[type=password]").fill(PASSWORD);
  await yael.keyboard.press("Enter");
  await yael.locator("#agent[data-link=open]").waitFor();
});
afterAll(async () => {
  site.close();
  await browser.close();
  await server.kill();
});

const launcher = (page: Page) => page.locator("hsc-widget .launcher");
const badge = (page: Page, count: string) => page.locator("hsc-widget .launcher-badge", { hasText: count });
const entry = (page: Page, words: string) => page.locator(".entry", { hasText: words });

async function write(words: string): Promise<void> {
  await yael.locator(".desk-composer textarea").fill(words);
  await yael.keyboard.press("Enter");
}

for (const { name, viewport } of SIZES) {
  test(`a closed widget counts what an agent writes, and goes on by itself on the next page (${name})`, async () => {
    const { page, wrong } = await open(browser, `${site.address}/plain/1`, { viewport });
    await launcher(page).click();
    await page.getByRole("button", { name: "Talk to a person" }).click();
    await page.locator(".handoff textarea").fill(`From the shop ${name}`);
    await page.keyboard.press("Enter");
    await page.locator(".handoff[data-stage=waiting]").waitFor();
    // The place in the queue survives a page change, and the agent joins while the widget is closed.
    await page.getByRole("button", { name: "Close", exact: true }).click();
    const socket = page.waitForEvent("websocket");
    await page.locator("#next").click();
    // Connected again before the agent joins: events in between are replayed, and only live events are announced.
    await (await socket).waitForEvent("framereceived", { predicate: ({ payload }) => String(payload).includes('"welcome"') });
    await page.getByRole("heading", { name: "Page 2" }).waitFor();
    // After a take the console shows the agent's conversation.
    await yael.getByRole("tab", { name: /Waiting/ }).click();
    await yael.locator(".ticket", { hasText: `From the shop ${name}` }).click();
    await yael.locator("[data-action=take]").click();
    await page.getByRole("status").getByText("Yael has joined.").waitFor({ state: "attached" });
    await write("I have found it.");
    await inViewport("the badge", badge(page, "1"));
    await page.getByRole("status").getByText("1 new message").waitFor({ state: "attached" });
    expect(await launcher(page).getAttribute("aria-label")).toContain("1 new message");

    await page.locator("#next").click();
    await page.getByRole("heading", { name: "Page 3" }).waitFor();
    await inViewport("the badge on the next page", badge(page, "1"));
    await write("It comes tomorrow.");
    await inViewport("the badge with both", badge(page, "2"));
    expect(await page.title(), "the title of a page that is looked at is its own").toBe("Shop 3");
    await launcher(page).click();
    await inViewport("what the agent wrote first", entry(page, "I have found it."));
    await inViewport("what the agent wrote then", entry(page, "It comes tomorrow."));
    await page.getByRole("button", { name: "Close", exact: true }).click();
    await launcher(page).waitFor();
    expect(await page.locator("hsc-widget .launcher-badge").isHidden(), "what was seen is not counted").toBe(true);
    expect(wrong).toEqual([]);
    await yael.locator("[data-action=close]").click();
    await yael.getByRole("button", { name: "Yes, end chat" }).click();
    await eventually("the agent is free", async () => (await yael.locator("[data-action=close]").count()) === 0);
    await page.close();
  });
}

test("a widget that nobody opened connects on no page", async () => {
  const { page } = await open(browser, "about:blank");
  let sockets = 0;
  page.on("websocket", () => (sockets += 1));
  await page.goto(`${site.address}/plain/1`);
  await launcher(page).waitFor();
  await page.locator("#next").click();
  await page.getByRole("heading", { name: "Page 2" }).waitFor();
  await launcher(page).waitFor();
  expect(sockets).toBe(0);
});

describe("a page that replaces its body", () => {
  for (const kind of ["head", "body"] as const) {
    test(`keeps the one widget, and what is typed in it, with the script in the ${kind}`, async () => {
      const { page, wrong } = await open(browser, `${site.address}/${kind}/1`);
      await launcher(page).click();
      await page.locator("hsc-widget .search input").fill("ke9");
      await page.locator("hsc-widget [role=option]").first().click();
      const field = page.locator("hsc-widget .composer textarea");
      await field.fill("half a question");
      for (const number of [2, 3]) {
        await page.locator("#next").click();
        await page.getByRole("heading", { name: `Page ${number}` }).waitFor();
        await inViewport("where the visitor writes", field);
        expect(await field.inputValue()).toBe("half a question");
        expect(await page.locator("hsc-widget").count()).toBe(1);
      }
      await page.goBack();
      await page.getByRole("heading", { name: "Page 2" }).waitFor();
      await inViewport("where the visitor writes", field);
      expect(await page.locator("hsc-widget").count()).toBe(1);
      expect(await page.locator("hsc-widget .launcher").count()).toBe(1);
      expect(wrong).toEqual([]);
    });
  }

  test("puts the widget back when it is taken out, wherever the page does it", async () => {
    const { page } = await open(browser, `${site.address}/plain/1`);
    await launcher(page).waitFor();
    for (const change of [
      () => {
        document.body.replaceChildren();
      },
      () => {
        document.body = document.createElement("body");
      },
      () => {
        document.querySelector("hsc-widget")?.remove();
      },
      () => {
        const root = document.createElement("html");
        root.append(document.createElement("head"), document.createElement("body"));
        document.replaceChild(root, document.documentElement);
      },
    ]) {
      await page.evaluate(change);
      await inViewport("the widget", launcher(page));
      expect(await page.locator("hsc-widget").count()).toBe(1);
    }
  });
});
