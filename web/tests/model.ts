// A language model of one answer, which stops in its middle until it is let go on.

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What it says, word by word. */
export const WORDS = ["Run ", "the ", "descaling ", "programme ", "with ", "the ", "tank ", "full."];

/** A language model that says half of its answer, and the rest when it is let. */
export async function model(): Promise<{ address: string; goOn(): void; close(): void }> {
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
