// A conversation that outlives its socket, and what the visitor is told when it does not.

import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as listener, type Socket } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually, launch, open, Server } from "./house.ts";

const WORDS = ["Run ", "the ", "descaling ", "programme ", "with ", "the ", "tank ", "full."];

/** A language model that says half of its answer, and the rest when it is let. */
async function model(): Promise<{ address: string; goOn(): void; close(): void }> {
  const waiting: (() => void)[] = [];
  let may = false;
  const say = (response: ServerResponse, words: string[]): void => {
    for (const content of words) response.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
  };
  const http = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    say(response, WORDS.slice(0, 4));
    const rest = (): void => {
      say(response, WORDS.slice(4));
      response.end(`data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`);
    };
    if (may) rest();
    else waiting.push(rest);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`,
    goOn: () => {
      may = true;
      for (const rest of waiting.splice(0)) rest();
    },
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

/** A line to the server that can be cut, as a lost network would. */
async function line(server: Server): Promise<{ address: string; cut(): void; close(): void }> {
  const ends = new Set<Socket>();
  const proxy = listener((near) => {
    const far = connect(server.port, "127.0.0.1");
    for (const [end, other] of [[near, far], [far, near]] as const) {
      ends.add(end);
      end.on("error", () => end.destroy());
      end.on("close", () => {
        ends.delete(end);
        other.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const end of ends) end.destroy();
  };
  return {
    address: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut,
    close: () => {
      cut();
      proxy.close();
    },
  };
}

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
  const wire = await line(server);
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
  expect(await page.getByText("lost what was said").count()).toBe(0);
  wire.close();
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
  await server.begin();
  await page.getByText("lost what was said before").waitFor();
  expect(await page.locator(".turn[data-stage=done]").count(), "what was read stays").toBe(1);
  await page.getByRole("button", { name: "All right" }).click();
  await page.getByText("lost what was said before").waitFor({ state: "detached" });
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
    { address: `ws://127.0.0.1:${server.port}/ws`, resume: { ...welcome, after: 0 } },
  );
  await page.getByText("goes on in another window").waitFor();
  await page.getByRole("button", { name: "Go on here" }).click();
  await page.getByText("goes on in another window").waitFor({ state: "detached" });
  await ask(page);
  await page.locator(".turn[data-stage=done]").waitFor();
  await server.kill();
});
