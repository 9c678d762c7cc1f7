// A readable conversation: messages of the wire combined into questions, answers and chat messages.
//
// A pure function of the entries, so that a loaded conversation looks the same as one that was followed live.

import type { Transcript as Archived } from "./requests.ts";
import type { Agent, Citation, FinalAnswer } from "../wire/types.ts";
import type { TeamWord } from "../words/team.ts";
import { turnOf } from "./turns.ts";
import { type Frame, type Outgoing, type PlacedNote, type Talk } from "./state.ts";

/** An item of a conversation. Its `key` stays while it grows. */
export type Item =
  | { key: string; kind: "question"; text: string; at_ms?: number | undefined }
  | {
      key: string;
      kind: "answer";
      /** The id of its question on the wire. */
      to?: string | undefined;
      text: string;
      product: string | undefined;
      end: AnswerEnd | undefined;
      at_ms?: number | undefined;
    }
  | {
      key: string;
      kind: "message";
      from: "visitor" | "agent";
      agent: Agent | undefined;
      text: string;
      citations: readonly Citation[];
      upload: string | undefined;
      at_ms: number;
    }
  | { key: string; kind: "note"; agent: Agent | undefined; text: string; at_ms: number }
  | { key: string; kind: "event"; word: TeamWord; values: Readonly<Record<string, string>>; why?: string | undefined; at_ms?: number | undefined }
  | { key: string; kind: "outgoing"; outgoing: Outgoing };

/** The end of an answer, reduced to what an agent sees. */
export interface AnswerEnd {
  citations: readonly Citation[];
  confidence: number | undefined;
  /** Why there is no answer: a code, and the server's message if there is one. */
  reason: { code: string; message: string } | undefined;
  cancelled: boolean;
}

/** The items of a watched conversation, in order; unsent messages last. */
export function itemsOf(talk: Talk): Item[] {
  const items = talk.entries.reduce<Item[]>((all, { offset, frame }) => put(all, offset, frame), []);
  for (const note of talk.notes) items.splice(placeOf(items, note, talk), 0, noted(note));
  return [...items, ...talk.outgoing.map((outgoing): Item => ({ key: `out-${outgoing.key}`, kind: "outgoing", outgoing }))];
}

function put(items: Item[], offset: number, frame: Frame): Item[] {
  const key = `at-${offset}`;
  const event = (word: TeamWord, values: Record<string, string> = {}): Item[] => [...items, { key, kind: "event", word, values }];
  switch (frame.type) {
    case "answer_chunk": {
      const to = frame.id ?? undefined;
      const at = openAnswer(items, to);
      const open = items[at];
      if (open?.kind === "answer") return items.with(at, { ...open, text: open.text + frame.content });
      return [...items, { key, kind: "answer", to, text: frame.content, product: undefined, end: undefined }];
    }
    case "final_answer":
      return ended(items, key, frame);
    case "message": {
      const { from, agent, content, citations, upload, at_ms } = frame;
      const message = { agent: agent ?? undefined, text: content, citations: citations ?? [], upload: upload ?? undefined, at_ms };
      return [...items, { key, kind: "message", from, ...message }];
    }
    case "agent_joined":
      return event("agent_event_joined", { name: frame.agent.name });
    case "agent_left":
      return event(`agent_event_left_${frame.reason}`, { name: frame.agent.name });
    case "handoff": {
      const before = items.at(-1);
      // The reason of the agent's leaving is shown already.
      const previous = before?.kind === "event" ? before.word : undefined;
      if (previous === `agent_event_left_${frame.state}` || (previous === "agent_event_left_ended" && frame.state === "closed")) return items;
      if (frame.state === "with_agent") return items;
      return event(`agent_event_${frame.state}`);
    }
    default:
      return items;
  }
}

/** The index of the open answer to this question; agents may have joined or left meanwhile. */
function openAnswer(items: readonly Item[], to: string | undefined): number {
  return items.findLastIndex((item) => item.kind === "answer" && item.end === undefined && item.to === to);
}

/** The end of an answer contains its question, which goes before it. */
function ended(items: Item[], key: string, end: FinalAnswer & Frame): Item[] {
  const at = openAnswer(items, end.id ?? undefined);
  const open = items[at];
  const known: AnswerEnd = {
    citations: end.citations,
    confidence: end.confidence,
    reason: end.reason ?? undefined,
    cancelled: end.cancelled ?? false,
  };
  const begun = open?.kind === "answer" ? open : { key, text: "" };
  const answer: Item = { key: begun.key, kind: "answer", text: begun.text, product: end.product_id ?? undefined, end: known };
  const question = end.question ?? "";
  const both: Item[] = question === "" ? [answer] : [{ key: `${answer.key}-asked`, kind: "question", text: question }, answer];
  return at === -1 ? [...items, ...both] : items.toSpliced(at, 1, ...both);
}

function noted(note: PlacedNote): Item {
  return { key: `note-${note.note_id ?? `${note.at_ms}-${note.agent.id}`}`, kind: "note", agent: note.agent, text: note.content, at_ms: note.at_ms };
}

/** After the last message at its arrival; a loaded note is placed by time. */
function placeOf(items: readonly Item[], note: PlacedNote, talk: Talk): number {
  if (note.after !== undefined) {
    const { after } = note;
    const next = talk.entries.find(({ offset }) => offset > after);
    const at = next === undefined ? -1 : items.findIndex((item) => item.key.startsWith(`at-${next.offset}`));
    return at === -1 ? items.length : at;
  }
  const last = items.findLastIndex((item) => "at_ms" in item && item.at_ms !== undefined && item.at_ms <= note.at_ms);
  return last === -1 ? (items.some((item) => "at_ms" in item && item.at_ms !== undefined) ? 0 : items.length) : last + 1;
}

/** The items of an archived conversation. */
export function itemsOfArchived(archived: Archived): Item[] {
  return archived.entries.flatMap((entry, at): Item[] => {
    const key = `past-${at}`;
    const { at_ms } = entry;
    if (entry.kind === "turned") return [turned(key, entry)];
    const { author, text, citations, product } = entry;
    const agent = entry.agent ?? undefined;
    const upload = entry.upload ?? undefined;
    switch (author) {
      case "machine": {
        const { outcome } = entry;
        const isNone = text === "" && outcome !== null && outcome !== "answered";
        const reason = isNone ? { code: outcome === "no_manual" ? "none" : outcome, message: "" } : undefined;
        const cancelled = outcome === "cancelled";
        const end = { citations, confidence: entry.confidence ?? undefined, reason, cancelled };
        return [{ key, kind: "answer", text, product: product ?? undefined, end, at_ms }];
      }
      case "note":
        return [{ key, kind: "note", agent, text, at_ms }];
      case "agent":
      case "visitor":
        return [{ key, kind: "message", from: author, agent, text, citations, upload, at_ms }];
      default:
        return text === "" ? [] : [{ key, kind: "event", word: "agent_event_said", values: { text }, at_ms }];
    }
  });
}

function turned(key: string, entry: Archived["entries"][number] & { kind: "turned" }): Item {
  return { key, kind: "event", ...turnOf(entry), at_ms: entry.at_ms };
}
