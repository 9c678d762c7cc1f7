// The handoff as plain data: the owner of the conversation, the queue, the messages, the form.
//
// Owns   the messages and events between visitor and agent, each with its place in the thread.
// Never  uses a socket or an element; questions to the assistant are turns, in ../state.ts.

import type { Citation, LeaveReason, ServerMessage } from "../wire/types.ts";
import type { Trouble } from "../state.ts";
import type { Word } from "../words/words.ts";

/** An item of the thread that is not a question to the assistant. */
export type Entry = { at: number; key: string } & (
  | Said
  | { kind: "event"; word: Word; name: string; why: string | undefined }
);

/** A message of the visitor or of the agent. */
export interface Said {
  kind: "said";
  from: "visitor" | "agent";
  name: string;
  text: string;
  citations: readonly Citation[];
  atMs: number;
  /** The id of its picture on the server. */
  upload: string | undefined;
  /** The picture as a data URL, until the server has the message. */
  image?: string | undefined;
  /** True once the server has it. */
  sent: boolean;
  /** Why it was not sent. It stays in the thread, where it can be sent again. */
  trouble: Trouble | undefined;
}

/** The state of an offline message. */
export type OfflineMessage = "none" | "sending" | "left" | { trouble: string };

export interface Handoff {
  /** `asking` until the server has replied to the request; `over` once the conversation is closed. */
  stage: "machine" | "asking" | "waiting" | "with" | "over" | "unavailable";
  /** The agent's name, while there is one. */
  name: string;
  /** True while the agent is typing. */
  types: boolean;
  /** Place in the queue and estimated wait, from the server. */
  place: number | undefined;
  waitMs: number | undefined;
  /** Why no agent is available, in the server's words. */
  why: string | undefined;
  /** True while the visitor writes the reason for a handoff. */
  isWishing: boolean;
  letter: OfflineMessage;
  entries: readonly Entry[];
}

export const noHandoff: Handoff = {
  stage: "machine",
  name: "",
  types: false,
  place: undefined,
  waitMs: undefined,
  why: undefined,
  isWishing: false,
  letter: "none",
  entries: [],
};

export type HandoffAction =
  | { what: "wishing"; on: boolean }
  | { what: "wished" }
  | { what: "withdrawn" }
  /** `replaces` is the unsent message that is sent again as this one. */
  | { what: "wrote"; id: string; text: string; image?: string | undefined; upload: string | undefined; atMs: number; replaces?: string | undefined }
  | { what: "uploaded"; id: string; upload: string }
  | { what: "notSent"; id: string; trouble: Trouble }
  /** Removes an unsent message from the thread. */
  | { what: "discarded"; id: string }
  | { what: "letter"; now: OfflineMessage }
  | { what: "begunAnew" };

/** True while a message goes to an agent. */
export function hasAgent(handoff: Handoff): boolean {
  return handoff.stage === "with";
}

/** Applies an action of the visitor; `at` is the next place in the thread. */
export function reduceHandoff(handoff: Handoff, action: HandoffAction, at: number): Handoff {
  switch (action.what) {
    case "wishing":
      return { ...handoff, isWishing: action.on };
    case "wished":
      return { ...handoff, stage: handoff.stage === "waiting" ? "waiting" : "asking", isWishing: false, why: undefined, letter: "none" };
    case "withdrawn":
      // The server confirms it; until then the visitor still waits.
      return handoff.stage === "unavailable" ? { ...handoff, stage: "machine", why: undefined } : handoff;
    case "wrote": {
      const { id, text, image, upload, atMs, replaces } = action;
      const mine = { kind: "said", from: "visitor", name: "", citations: [], sent: false, trouble: undefined } as const;
      const others = handoff.entries.filter((entry) => entry.key !== replaces);
      return { ...handoff, entries: [...others, { ...mine, at, key: id, text, image, upload, atMs }] };
    }
    case "uploaded":
      return changed(handoff, action.id, (said) => ({ ...said, upload: action.upload }));
    case "notSent":
      return notSent(handoff, action.id, action.trouble);
    case "discarded":
      return { ...handoff, entries: handoff.entries.filter((entry) => entry.key !== action.id) };
    case "letter":
      return { ...handoff, letter: action.now };
    case "begunAnew":
      return noHandoff;
  }
}

/** Applies a message of the server; undefined if it is not about the handoff. */
export function receiveHandoff(handoff: Handoff, message: ServerMessage, id: string | undefined, at: number): Handoff | undefined {
  const event = (word: Word, name = "", why?: string): readonly Entry[] => [
    ...handoff.entries,
    { at, key: `event-${at}`, kind: "event", word, name, why },
  ];
  switch (message.type) {
    case "handoff":
      return turned(handoff, message, event);
    case "agent_joined":
      return { ...handoff, stage: "with", name: message.agent.name, types: false, entries: event("person_joined", message.agent.name) };
    case "agent_left": {
      const entries = event(leftWord(message.reason), message.agent.name);
      return { ...handoff, stage: handoff.stage === "with" ? "waiting" : handoff.stage, name: "", types: false, entries };
    }
    case "message":
      return said(handoff, message, id, at);
    case "agent_typing":
      return { ...handoff, types: message.typing };
    case "queue":
      if (message.for !== "agent") return undefined;
      return { ...handoff, place: message.place, waitMs: message.wait_ms ?? undefined };
    case "error":
      return refused(handoff, message, id);
    default:
      return undefined;
  }
}

function leftWord(reason: LeaveReason): Word {
  switch (reason) {
    case "gone":
      return "person_gone";
    case "no_answer":
      return "person_no_answer";
    default:
      return "person_left";
  }
}

function turned(
  handoff: Handoff,
  { state, reason }: ServerMessage & { type: "handoff" },
  event: (word: Word, name?: string, why?: string) => readonly Entry[],
): Handoff {
  const still = { ...handoff, name: "", types: false, place: undefined, waitMs: undefined, isWishing: false };
  const why = reason ?? undefined;
  switch (state) {
    case "waiting":
      // The reason of the agent's leaving is shown already.
      if (isBackInQueue(handoff)) return { ...still, stage: "waiting" };
      return { ...still, stage: "waiting", entries: event("person_waiting") };
    case "with_agent":
      return { ...handoff, stage: "with", place: undefined, waitMs: undefined };
    case "returned":
      return { ...still, stage: "machine", entries: event("person_returned", "", why) };
    case "closed":
      return { ...still, stage: "over", entries: event("person_closed") };
    case "unavailable":
      return { ...still, stage: "unavailable", why, letter: "none", entries: event("person_unavailable") };
  }
}

function isBackInQueue({ entries }: Handoff): boolean {
  const last = entries.at(-1);
  return last?.kind === "event" && last.word === "person_no_answer";
}

function said(handoff: Handoff, message: ServerMessage & { type: "message" }, id: string | undefined, at: number): Handoff {
  const { from, agent, content, citations, at_ms, upload } = message;
  const own = id === undefined ? -1 : handoff.entries.findIndex((entry) => entry.key === id);
  const entry: Entry = {
    at: handoff.entries[own]?.at ?? at,
    key: id ?? `said-${at}`,
    kind: "said",
    from,
    name: agent?.name ?? "",
    text: content,
    citations: citations ?? [],
    atMs: at_ms,
    upload: upload ?? undefined,
    sent: true,
    trouble: undefined,
  };
  const entries = own === -1 ? [...handoff.entries, entry] : handoff.entries.with(own, entry);
  return { ...handoff, types: from === "agent" ? false : handoff.types, entries };
}

/** An error that answers a message to the agent. */
function refused(handoff: Handoff, error: ServerMessage & { type: "error" }, id: string | undefined): Handoff | undefined {
  const after = id === undefined ? handoff : notSent(handoff, id, { text: error.message });
  return after === handoff ? undefined : after;
}

/** Marks the message with this id as unsent; unchanged if there is none. */
export function notSent(handoff: Handoff, id: string, trouble: Trouble): Handoff {
  return changed(handoff, id, (said) => ({ ...said, trouble }));
}

/** After a reload: a message that the connection does not know any more was not sent. */
export function interrupted(handoff: Handoff, onTheirWay: ReadonlySet<string>): Handoff {
  const entries = handoff.entries.map((entry) =>
    entry.kind === "said" && !entry.sent && entry.trouble === undefined && !onTheirWay.has(entry.key)
      ? { ...entry, trouble: { word: "person_interrupted" } as const }
      : entry,
  );
  return { ...handoff, entries };
}

/** Changes the unsent message with this id. */
function changed(handoff: Handoff, id: string, change: (said: Entry & Said) => Entry & Said): Handoff {
  const at = handoff.entries.findIndex((entry) => entry.kind === "said" && !entry.sent && entry.key === id);
  const entry = handoff.entries[at];
  return entry?.kind === "said" ? { ...handoff, entries: handoff.entries.with(at, change(entry)) } : handoff;
}

/** The request for an agent was refused: restores the state and shows why. */
export function requestRefused(handoff: Handoff, why: string): Handoff {
  return handoff.stage === "asking" ? { ...handoff, stage: "unavailable", why } : handoff;
}
