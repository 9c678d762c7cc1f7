// A language model with one answer, which pauses in the middle until it is continued.

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Its answer, word by word. */
export const WORDS = ["Run ", "the ", "descaling ", "programme ", "with ", "the ", "tank ", "full."];

/** A language model that sends half of its answer, and the rest when it is continued. */
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
