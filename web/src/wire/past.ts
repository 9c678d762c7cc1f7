// Responses of the HTTP routes about the past: analytics, conversations, the audit, deliveries, accounts.
//
// Written by hand after the Rust types (actors/src/ports/archive/): they are not messages of the wire.

import type { Found, Transcript } from "../agent/requests.ts";
import type { Citation } from "./types.ts";

export type { Found, Left, Part } from "../agent/requests.ts";

/** The figures of one hour; the row without a product is the total. */
export interface Snapshot {
  hour_ms: number;
  product: string;
  conversations: number;
  questions: number;
  answered: number;
  unknown: number;
  handed_over: number;
  cache_hits: number;
  /** Answers with a measured time to the first words, the sum of these times and the longest. */
  timed: number;
  first_answer_ms_sum: number;
  first_answer_ms_most: number;
  ratings: number;
  rating_sum: number;
}

/** A product and its questions. */
export interface Asked {
  product: string;
  product_name?: string | null;
  questions: number;
  answered: number;
  unknown: number;
}

/** A question that the assistant could not answer. */
export interface Unanswered {
  at_ms: number;
  conversation: string;
  product: string;
  product_name?: string | null;
  question: string;
  outcome: string;
}

/** The ratings of one day, UTC. */
export interface RatingsOfADay {
  day_ms: number;
  ratings: number;
  rating_sum: number;
}

type Entry = Transcript["entries"][number];
export type Turned = Extract<Entry, { kind: "turned" }>;
export type Said = Extract<Entry, { kind: "said" }> & {
  citations: Citation[];
  thumb?: "up" | "down" | null;
  comment?: string | null;
};

/** An archived conversation, including the team's notes. */
export interface Past extends Found {
  product_name?: string | null;
  rating_comment: string | null;
  entries: (Said | Turned)[];
  uploads?: { id: string; is_expired: boolean }[];
}

/** An action of an agent or admin. */
export interface Audited {
  id: string;
  at_ms: number;
  who: string;
  role: string;
  action: string;
  subject: string;
  detail: string;
  address: string;
}

/** A webhook endpoint and its deliveries. */
export interface Endpoint {
  url: string;
  events: string[];
  delivered: number;
  failed: number;
  waiting: number;
  dead?: number;
}

/** A dead letter. */
export interface Letter {
  id: string;
  at_ms: number;
  endpoint: string;
  event: string;
  body: string;
  attempts: number;
  last_error: string | null;
}

/** An account of the team. */
export interface Account {
  id: string;
  name: string;
  address: string;
  role: "agent" | "admin";
  is_disabled: boolean;
  failures?: number;
  locked_until_ms?: number | null;
  created_ms?: number;
}
