// The HTTP requests of the console: canned replies, past conversations, offline messages, pictures.
//
// Every response is read defensively, because parts of it may come from a server of another version; a feature that
// the server does not have (404) is not offered.
// server does not have (404) the console does not offer.

import type { Citation, Prediction } from "../wire/types.ts";
import type { NamedProduct } from "./product-field.ts";

/** Longest wait for a response, in milliseconds: an agent in a chat does not wait longer for a list. */
const PATIENCE_MS = 10_000;
/** A picture may be large and the uplink slow. */
const UPLOAD_PATIENCE_MS = 60_000;

/** The result of a request. */
export type Got<Answer> =
  | { is: "good"; answer: Answer }
  /** The server refused; `message` is for people. */
  | { is: "refused"; status: number; code: string; message: string }
  /** No response. */
  | { is: "away" };

export interface Reply {
  id: string;
  shortcut: string;
  text: string;
  product: string | null;
}

/** A part of a list, and the start of the next one. */
export interface Part<Item> {
  items: Item[];
  next: string | null;
}

export interface Someone {
  subject: string;
  name?: string | null;
  address?: string | null;
}

/** A conversation of the archive as a row of a list. */
export interface Found {
  conversation: string;
  began_ms: number;
  last_ms: number;
  ended_ms: number | null;
  visitor: Someone | null;
  language: string | null;
  product: string | null;
  agent: { id: string; name: string } | null;
  rating: number | null;
  messages: number;
  first_words: string;
  /**
   * Why the visitor wanted an agent, how they used the product, the page of the chat; absent from a server of an
   * earlier version.
   */
  reason?: string | null;
  scenario?: string | null;
  page?: string | null;
}

/** A whole conversation of the archive. */
export interface Transcript extends Found {
  rating_comment: string | null;
  entries: (
    | {
        kind: "said";
        at_ms: number;
        author: "visitor" | "machine" | "agent" | "note" | "system";
        agent: { id: string; name: string } | null;
        text: string;
        product: string | null;
        outcome: string | null;
        confidence: number | null;
        citations: Citation[];
        upload: string | null;
      }
    | {
        kind: "turned";
        at_ms: number;
        turn: string;
        agent: { id: string; name: string } | null;
        to: { id: string; name: string } | null;
        reason: string | null;
      }
  )[];
}

/** An offline message. */
export interface Left {
  id: string;
  at_ms: number;
  conversation: string | null;
  address: string;
  text: string;
}

/** A filter of past conversations; empty fields do not filter. */
export interface Search {
  text: string;
  product: string;
  /** The visitor's rating, 1 to 5. */
  rating: string;
  /** Dates such as `2026-11-25`, both included. */
  from: string;
  to: string;
}

/** The server's limits of pictures. */
export interface Pictures {
  enabled: boolean;
  max_bytes: number;
  types: string[];
}

export class Requests {
  /** `csrf` proves that a change comes from one of our pages. */
  constructor(
    private readonly server: URL,
    private readonly csrf: string,
  ) {}

  replies(): Promise<Got<Part<Reply>>> {
    return this.ask("GET", "/api/replies");
  }

  putReply(reply: { id?: string; shortcut: string; text: string; product?: string }): Promise<Got<Reply>> {
    return this.ask("PUT", "/api/replies", { body: JSON.stringify(reply), type: "application/json" });
  }

  removeReply(id: string): Promise<Got<undefined>> {
    return this.ask("DELETE", `/api/replies/${encodeURIComponent(id)}`);
  }

  past({ text, product, rating, from, to }: Search, after: string | null): Promise<Got<Part<Found>>> {
    const period = { from_ms: dayBegins(from, 0), to_ms: dayBegins(to, 1) };
    return this.ask("GET", `/api/conversations${query({ text, product, rating, ...period, after: after ?? "" })}`);
  }

  /** Products whose name matches, best first; none without a response. */
  async products(typed: string): Promise<readonly NamedProduct[]> {
    const got = await this.ask<{ results: readonly Prediction[] }>("GET", `/api/search${query({ q: typed, limit: "8" })}`);
    // The search returns lean predictions.
    return got.is === "good" ? got.answer.results.flatMap((one) => ("matched" in one ? [{ id: one.product.id, name: one.product.name }] : [])) : [];
  }

  conversation(id: string): Promise<Got<Transcript>> {
    return this.ask("GET", `/api/conversations/${encodeURIComponent(id)}`);
  }

  left(after: string | null): Promise<Got<Part<Left>>> {
    return this.ask("GET", `/api/left-messages${query({ after: after ?? "" })}`);
  }

  async pictures(): Promise<Pictures | undefined> {
    const got = await this.ask<{ uploads?: Pictures }>("GET", "/api/visitor/options");
    return got.is === "good" && got.answer.uploads?.enabled === true ? got.answer.uploads : undefined;
  }

  upload(conversation: string, picture: File): Promise<Got<{ id: string }>> {
    const body = { body: picture, type: picture.type, patience: UPLOAD_PATIENCE_MS };
    return this.ask("POST", `/api/uploads${query({ conversation })}`, body);
  }

  private async ask<Answer>(
    method: string,
    path: string,
    { body, type, patience = PATIENCE_MS }: { body?: BodyInit; type?: string; patience?: number } = {},
  ): Promise<Got<Answer>> {
    try {
      const headers = { ...(method === "GET" ? {} : { "x-csrf-token": this.csrf }), ...(type === undefined ? {} : { "content-type": type }) };
      const signal = AbortSignal.timeout(patience);
      const response = await fetch(new URL(path, this.server), { method, headers, body: body ?? null, cache: "no-store", signal });
      if (response.ok) return { is: "good", answer: (response.status === 204 ? undefined : await response.json()) as Answer };
      const error = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
      return { is: "refused", status: response.status, code: error.code ?? "", message: error.message ?? "" };
    } catch {
      return { is: "away" };
    }
  }
}

/** The start of a day in local time, or of a later day, in milliseconds since 1970; empty without a date. */
function dayBegins(day: string, later: number): string {
  const [year, month, date] = day.split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return "";
  return String(new Date(year, month - 1, date + later).getTime());
}

function query(fields: Readonly<Record<string, string>>): string {
  const filled = Object.entries(fields).filter(([, value]) => value.trim() !== "");
  return filled.length === 0 ? "" : `?${new URLSearchParams(filled).toString()}`;
}
