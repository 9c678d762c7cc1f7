import { expect, test } from "vitest";
import { type Frame, nothingSaid, productIn, type Talk } from "./state.ts";
import { itemsOf, itemsOfArchived } from "./transcript.ts";
import { turnOf } from "./turns.ts";

const yael = { id: "y", name: "Yael" };
const end: Frame = { type: "final_answer", content: "", citations: [], confidence: 0.9, grounded: true, html: "", answerer: "extractive" };
const talk = (frames: Frame[], more: Partial<Talk> = {}): Talk => ({
  ...nothingSaid,
  entries: frames.map((frame, at) => ({ offset: at + 1, frame })),
  ...more,
});
const kinds = (it: Talk): string[] => itemsOf(it).map((item) => (item.kind === "event" ? item.word : item.kind));

test("the pieces of an answer become one, behind its question, under one key", () => {
  const pieces: Frame[] = [{ type: "answer_chunk", content: "Press " }, { type: "answer_chunk", content: "A." }];
  const open = itemsOf(talk(pieces));
  expect(open).toMatchObject([{ kind: "answer", text: "Press A.", end: undefined }]);
  const whole = talk([...pieces, { ...end, question: "How?", product_id: "p1" }]);
  expect(itemsOf(whole)).toMatchObject([
    { kind: "question", text: "How?" },
    { kind: "answer", text: "Press A.", product: "p1", key: open[0]?.key },
  ]);
  expect(productIn(whole, undefined)).toBe("p1");
  // The desk gets each choice, including a product without a question.
  const ticket = { conversation: "c", since_ms: 1, online: true, pod: "p", rev: 1, product: { id: "p2", name: "P2" } };
  expect(productIn(whole, ticket)).toBe("p2");
});

test("an answer goes on where it was, whatever happens meanwhile, and another one is another", () => {
  const cut: Frame[] = [
    { type: "answer_chunk", content: "lost", id: "q1" },
    { type: "answer_chunk", content: "Press ", id: "q2" },
    { type: "handoff", state: "waiting" },
    { type: "answer_chunk", content: "A.", id: "q2" },
    { ...end, question: "How?", id: "q2" },
  ];
  expect(itemsOf(talk(cut))).toMatchObject([
    { kind: "answer", text: "lost", end: undefined },
    { kind: "question", text: "How?" },
    { kind: "answer", text: "Press A." },
    { kind: "event", word: "agent_event_waiting" },
  ]);
});

test("who comes and goes is said once", () => {
  const frames: Frame[] = [
    { type: "handoff", state: "waiting" },
    { type: "agent_joined", agent: yael },
    { type: "handoff", state: "with_agent" },
    { type: "agent_left", agent: yael, reason: "returned" },
    { type: "handoff", state: "returned" },
  ];
  expect(kinds(talk(frames))).toEqual(["agent_event_waiting", "agent_event_joined", "agent_event_left_returned"]);
});

test("an end by the visitor is not said to be the agent's", () => {
  const frames: Frame[] = [{ type: "agent_left", agent: yael, reason: "ended" }, { type: "handoff", state: "closed" }];
  expect(kinds(talk(frames))).toEqual(["agent_event_left_ended"]);
});

test("each turn of the archive is said as what it was", () => {
  const turn = (turn: string, agent: { name: string } | null, reason: string | null) => turnOf({ turn, agent, to: null, reason });
  expect(turn("handed_over", null, "It hums")).toEqual({ word: "agent_event_waiting", values: {}, why: "It hums" });
  expect(turn("unavailable", null, "nobody_there").word).toBe("agent_event_unavailable_nobody_there");
  expect(turn("returned", yael, null)).toEqual({ word: "agent_event_left_returned", values: { name: "Yael" } });
  expect(turn("withdrawn", null, null).word).toBe("agent_event_withdrawn");
  expect(turn("expired", null, null).word).toBe("agent_event_expired");
  expect(turn("ended", yael, "agent").word).toBe("agent_event_left_closed");
  expect(turn("ended", yael, "visitor").word).toBe("agent_event_left_ended");
  expect(turn("ended", null, null).word).toBe("agent_event_closed");
  expect(turn("left", yael, "closed").word).toBe("agent_event_left_closed");
});

test("a note stands where it was heard, or by its time where nobody heard it", () => {
  const message = (content: string, at_ms: number): Frame => ({ type: "message", from: "visitor", content, html: "", citations: [], at_ms });
  const frames = [message("a", 10), message("b", 20)];
  const note = { conversation: "c", agent: yael, content: "n", at_ms: 99 };
  expect(kinds(talk(frames, { notes: [{ ...note, after: 1 }] }))).toEqual(["message", "note", "message"]);
  expect(kinds(talk(frames, { notes: [{ ...note, after: undefined, at_ms: 15 }] }))).toEqual(["message", "note", "message"]);
  expect(kinds(talk(frames, { notes: [{ ...note, after: undefined }] }))).toEqual(["message", "message", "note"]);
});

test("a conversation of the archive reads the same", () => {
  const said = { kind: "said" as const, at_ms: 1, agent: null, product: null, outcome: null, confidence: null, citations: [], upload: null };
  const items = itemsOfArchived({
    conversation: "c", began_ms: 1, last_ms: 2, ended_ms: null, visitor: null, language: null, product: null, agent: null, rating: null,
    messages: 2, first_words: "", rating_comment: null,
    entries: [
      { ...said, author: "visitor", text: "How?" },
      { ...said, author: "machine", text: "So.", outcome: "answered" },
      { kind: "turned", at_ms: 2, turn: "taken", agent: yael, to: null, reason: null },
      { ...said, author: "note", agent: yael, text: "VIP" },
    ],
  });
  expect(items.map((item) => item.kind)).toEqual(["message", "answer", "event", "note"]);
});
