// The HTTP requests of the transcript: whether it can be sent, its text, and sending it.

import { el } from "../element.ts";
import type { Word } from "../words/words.ts";

export type Answer<Good> = { good: Good } | { trouble: Word };

/** File name of the transcript. */
export const FILE = "conversation.txt";
/** Time after which no browser reads the address of a download any more, in milliseconds. */
const READ_MS = 30_000;

/** True if the server can send a transcript; false without a response. */
export async function canSend(server: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL("/api/visitor/options", server));
    const options = (await response.json()) as { transcript?: { send?: unknown } };
    return options.transcript?.send === true;
  } catch {
    return false;
  }
}

/** The transcript as text. */
export async function fetchTranscript(server: URL, token: string | undefined): Promise<Answer<Blob>> {
  return ask(server, "/api/transcript?format=text", token, undefined, (response) => response.blob());
}

/** Sends the transcript to an address or, without the address's code, the code. */
export async function sendTranscript(server: URL, token: string | undefined, address: string, code: string | undefined): Promise<Answer<"sent" | "confirm">> {
  const fields = code === undefined ? { address } : { address, code };
  return ask(server, "/api/transcript/send", token, fields, async (response) => {
    const { state } = (await response.json()) as { state?: unknown };
    return state === "confirm" ? "confirm" : "sent";
  });
}

/** Saves a file as a download. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  el("a", { href: address, download: name }).click();
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, READ_MS);
}

async function ask<Good>(
  server: URL,
  path: string,
  token: string | undefined,
  body: object | undefined,
  read: (response: Response) => Promise<Good>,
): Promise<Answer<Good>> {
  try {
    const headers = new Headers();
    if (token !== undefined) headers.set("x-conversation-token", token);
    if (body !== undefined) headers.set("content-type", "application/json");
    const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(new URL(path, server), { ...post, headers });
    if (response.ok) return { good: await read(response) };
    const reply: unknown = await response.json().catch(() => undefined);
    return { trouble: troubleOf((reply as { code?: unknown } | undefined)?.code) };
  } catch {
    return { trouble: "transcript_failed" }; // The server is unreachable.
  }
}

/** In the visitor's language; the server's messages are English. */
export function troubleOf(code: unknown): Word {
  switch (code) {
    case "invalid_request":
      return "transcript_no_address";
    case "no_token":
    case "token_expired":
    case "wrong_token":
      return "transcript_not_yours";
    case "nothing_said":
      return "transcript_nothing";
    case "wrong_code":
      return "transcript_wrong_code";
    case "no_webhook":
      return "transcript_not_sent";
    case "too_many":
      return "transcript_too_many";
    default:
      return "transcript_failed";
  }
}
