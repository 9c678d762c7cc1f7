// A conversation that survives its socket, and the notice if it does not.

import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { network } from "./network.ts";
import { eventually, launch, open, Server } from "./server.ts";
import { model, WORDS } from "./model.ts";

let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
});

async function ask(page: Page): Promise<void> {
  const question = page.getByRole("textbox", { name: "Your question" });
  await question.fill("How do I descale the machine?");
  await question.press("Enter");
}

test("a socket that is cut amid an answer comes back by itself and the answer is one", async () => {
  const llm = await model();
  const server = await Server.start({
    HSC__ANSWERS__ANSWERER: "llm",
    HSC__ANSWERS__LLM__BASE_URL: llm.address,
    HSC__ANSWERS__LLM__FIRST_TOKEN_TIMEOUT_MS: "60000",
    HSC__ANSWERS__LLM__TIMEOUT_MS: "120000",
    HSC__CACHE__ANSWERS__ENTRIES: "0",
  });
  const wire = await network(server);
  const { page } = await open(browser, `${wire.address}/?product=kettleby-ke-9`);
  await ask(page);
  const answer = page.locator(".turn .answer");
  await answer.getByText("programme").waitFor();
  wire.cut();
  await page.getByText("Connected again").waitFor();
  llm.goOn();
  await page.locator(".turn[data-stage=done]").waitFor();
  const text = (await answer.textContent()) ?? "";
  expect(text).toContain(WORDS.join("").trim());
  expect(text.split("descaling")).toHaveLength(2);
  expect(await page.getByText("no longer has the earlier part").count()).toBe(0);
  wire.close();
  llm.close();
  await server.kill();
});

test("an answer is stopped in its middle: what has come stays, and nothing comes after it", async () => {
  const llm = await model();
  const server = await Server.start({
    HSC__ANSWERS__ANSWERER: "llm",
    HSC__ANSWERS__LLM__BASE_URL: llm.address,
    HSC__ANSWERS__LLM__TIMEOUT_MS: "120000",
    HSC__CACHE__ANSWERS__ENTRIES: "0",
  });
  const { page, wrong } = await open(browser, `${server.address}/?product=kettleby-ke-9`);
  await ask(page);
  const answer = page.locator(".turn:first-child .answer");
  await answer.getByText("programme").waitFor();
  const stop = page.getByRole("button", { name: "Stop", exact: true });
  await stop.focus();
  await page.keyboard.press("Enter");
  await page.locator(".turn:first-child[data-stage=done]").getByText("Stopped.").waitFor();
  expect(await stop.count(), "the button asks again").toBe(0);
  expect(await page.getByRole("button", { name: "This helped" }).count(), "half an answer is not judged").toBe(0);
  llm.goOn();
  await ask(page);
  await page.locator(".turn:nth-child(2)[data-stage=done]").getByText("tank full").waitFor();
  expect(await answer.locator(".text").textContent()).toBe(WORDS.slice(0, 4).join("").trim());
  expect(wrong).toEqual([]);
  llm.close();
  await server.kill();
});

test("a server that has lost the conversation says so until the visitor has seen it", async () => {
  const server = await Server.start();
  const { page } = await open(browser, `${server.address}/?product=kettleby-ke-9`);
  await ask(page);
  await page.locator(".turn[data-stage=done]").waitFor();
  await server.kill();
  await page.getByText("The connection is lost").waitFor();
  await server.run();
  await page.getByText("no longer has the earlier part").waitFor();
  expect(await page.locator(".turn[data-stage=done]").count(), "what was read stays").toBe(1);
  await page.getByRole("button", { name: "OK" }).click();
  await page.getByText("no longer has the earlier part").waitFor({ state: "detached" });
  await server.kill();
});

test("a chat that goes on in another window stays there until it is wanted back", async () => {
  const server = await Server.start();
  const { page } = await open(browser, "about:blank");
  let welcome: { conversation: string; token: string } | undefined;
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => {
      const frame = JSON.parse(String(payload)) as { type: string; conversation: string; token: string };
      if (frame.type === "welcome") welcome = frame;
    });
  });
  await page.goto(`${server.address}/?product=kettleby-ke-9`);
  await eventually("the page is welcome", () => welcome !== undefined);
  const other = await open(browser, server.address);
  await other.page.evaluate(
    async ({ address, resume }) => {
      const socket = new WebSocket(address);
      await new Promise((resolve) => {
        socket.onmessage = resolve;
        socket.onopen = () => {
          socket.send(JSON.stringify({ type: "hello", resume }));
        };
      });
    },
    { address: `${server.address.replace("http", "ws")}/ws`, resume: { ...welcome, after: 0 } },
  );
  await page.getByText("continues in another window").waitFor();
  await page.getByRole("button", { name: "Continue here" }).click();
  await page.getByText("continues in another window").waitFor({ state: "detached" });
  await ask(page);
  await page.locator(".turn[data-stage=done]").waitFor();
  await server.kill();
});
