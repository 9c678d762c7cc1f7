import { expect, test } from "vitest";
import type { DeskMessage, Note, ServerMessage, Ticket } from "../wire/types.ts";
import { draftsOf } from "./drafts.ts";
import { alertsOf } from "./alerts.ts";
import { asMessage, beginning, concerns, type Action, isNoting, listed, reduce, released, type State, type Talk, wanted } from "./state.ts";

const yael = { id: "y", name: "Yael" };
const ada = { id: "a", name: "Ada" };
const ticket = (conversation: string, more: Partial<Ticket> = {}): Ticket => ({ conversation, since_ms: 1, online: true, pod: "p", rev: 1, ...more });
const heard = (message: DeskMessage, id?: string): Action => ({ what: "received", message, id });
const desk = (tickets: Ticket[]): Action => {
  const mine = tickets.filter((one) => one.agent?.id === "y");
  const waiting = tickets.filter((one) => !one.agent);
  const open = tickets.filter((one) => one.agent && one.agent.id !== "y");
  return heard({ type: "desk", you: yael, available: true, waiting, mine, open, agents: [{ agent: yael, available: true }] });
};
const after = (...actions: Action[]): State => actions.reduce(reduce, beginning);
const says = (from: "visitor" | "agent", content: string): ServerMessage => {
  const by = from === "agent" ? { agent: yael } : {};
  return { type: "message", from, content, html: "", citations: [], at_ms: 5, ...by };
};
const entry = (offset: number, from: "visitor" | "agent", content: string): Action =>
  heard({ type: "entry", conversation: "c", offset, frame: says(from, content) });
const transcript = (...frames: ServerMessage[]): Action =>
  heard({ type: "transcript", conversation: "c", whole: true, notes: [], entries: frames.map((frame, at) => ({ offset: at + 1, frame })) });
const talk = (state: State): Talk => {
  const it = state.talks.c;
  if (it === undefined) throw new Error("it was shown");
  return it;
};
const mine = ticket("c", { agent: yael });
const shown: Action = { what: "shown", shown: { what: "talk", id: "c" } };
const wrote = (text: string): Action => ({ what: "wrote", conversation: "c", text });
const said = (key: string): Action => ({ what: "said", conversation: "c", key });

test("who waits longest comes first, and each conversation stands in one list", () => {
  const state = after(desk([ticket("late", { since_ms: 9 }), ticket("early", { since_ms: 2 }), mine, ticket("hers", { agent: ada })]));
  expect(listed(state, "waiting").map((one) => one.conversation)).toEqual(["early", "late"]);
  expect(listed(state, "mine").map((one) => one.conversation)).toEqual(["c"]);
  expect(listed(state, "open").map((one) => one.conversation)).toEqual(["hers"]);
});

test("an older change of a conversation changes nothing", () => {
  const state = after(desk([ticket("c", { rev: 5, agent: yael })]), heard({ type: "ticket", ticket: ticket("c", { rev: 4 }) }));
  expect(listed(state, "mine")).toHaveLength(1);
  const gone = reduce(state, heard({ type: "ticket_gone", conversation: "c", why: "closed", rev: 6 }));
  expect(listed(gone, "mine")).toHaveLength(0);
  expect(listed(reduce(gone, heard({ type: "ticket", ticket: ticket("c", { rev: 5 }) })), "waiting")).toHaveLength(0);
});

test("one's own conversations are watched, and the one that is looked at while it is at the desk", () => {
  const state = after(desk([mine, ticket("w")]), { what: "shown", shown: { what: "talk", id: "w" } });
  expect(wanted(state).sort()).toEqual(["c", "w"]);
  expect(wanted(reduce(state, heard({ type: "ticket_gone", conversation: "w", why: "ended", rev: 2 })))).toEqual(["c"]);
});

test("whoever takes what they look at goes on among their own", () => {
  const state = after(desk([ticket("c")]), shown, heard({ type: "ticket", ticket: { ...mine, rev: 2 } }, "a1"));
  expect(state.list).toBe("mine");
});

test("an agent whose last chat has ended is shown the visitors who wait, and stays on the list when there are none", () => {
  const chosen: Action = { what: "listed", list: "mine" };
  const gone = heard({ type: "ticket_gone", conversation: "c", why: "closed", rev: 2 });
  const handed = heard({ type: "ticket", ticket: ticket("c", { agent: ada, rev: 2 }) });
  for (const went of [gone, handed]) {
    expect(after(desk([mine, ticket("w")]), chosen, went).list).toBe("waiting");
    expect(after(desk([mine]), chosen, went).list).toBe("mine");
    expect(after(desk([mine, ticket("w"), ticket("d", { agent: yael })]), chosen, went).list, "another one is left").toBe("mine");
    expect(after(desk([mine, ticket("w")]), { what: "listed", list: "past" }, went).list).toBe("past");
  }
});

const taking: Action = { what: "asked", id: "t1", asked: { conversation: "c", action: "take" } };
const isMineNow = (id?: string): Action => heard({ type: "ticket", ticket: { ...mine, rev: 2 } }, id);

test("whichever message confirms a take first, the list follows what was taken", () => {
  for (const id of [undefined, "t1"]) {
    const state = after(desk([ticket("c")]), shown, taking, isMineNow(id));
    expect(state.list).toBe("mine");
    expect(state.asked).toEqual({});
  }
  // After a visit elsewhere: a list that the agent has emptied is left, another one is not.
  const away: Action = { what: "shown", shown: undefined };
  expect(after(desk([ticket("c")]), shown, taking, away, isMineNow()).list).toBe("mine");
  expect(after(desk([ticket("c"), ticket("d")]), shown, taking, away, isMineNow()).list).toBe("waiting");
  expect(after(desk([ticket("c")]), shown, taking, { what: "listed", list: "past" }, isMineNow()).list).toBe("past");
});

test("what is written between a take and its confirmation is for the visitor", () => {
  const open = after(desk([ticket("c")]), shown);
  expect(isNoting(open, "c")).toBe(true);
  const begun = [taking, wrote("Hello")].reduce(reduce, open);
  expect(isNoting(begun, "c")).toBe(false);
  const held = reduce(begun, { what: "said", conversation: "c", key: "h1", isHeld: true });
  expect(talk(held).outgoing).toMatchObject([{ content: "Hello", note: false, stage: "held" }]);
  expect(released(held)).toEqual([]);
  expect(released(reduce(held, isMineNow()))).toMatchObject([{ conversation: "c", one: { key: "h1", note: false } }]);
  // After a refusal it is back in the composer, and not a note.
  const refused = reduce(held, heard({ type: "error", code: "taken", message: "no", by: ada }, "t1"));
  expect(talk(refused).outgoing).toEqual([]);
  expect(talk(refused).writing).toMatchObject({ text: "Hello", note: false });
  expect(isNoting(refused, "c")).toBe(false);
  expect(released(refused)).toEqual([]);
});

test("words keep the mode in which they were begun, and an empty field takes the mode of the moment", () => {
  const note = after(desk([ticket("c")]), shown, wrote("VIP"), taking, isMineNow());
  expect(isNoting(note, "c")).toBe(true);
  const empty = after(desk([ticket("c")]), shown, taking, isMineNow());
  expect(isNoting(empty, "c")).toBe(false);
  // Transferred while a reply is being written: the reply does not become a note.
  const handed = after(desk([mine]), shown, wrote("Hello"), heard({ type: "ticket", ticket: ticket("c", { agent: ada, rev: 3 }) }));
  expect(isNoting(handed, "c")).toBe(false);
  expect(isNoting(reduce(handed, wrote("")), "c")).toBe(true);
});

test("what was told goes as soon as it is not true any more", () => {
  const refused = heard({ type: "error", code: "taken", message: "no", by: ada }, "t1");
  const hers = heard({ type: "ticket", ticket: ticket("c", { agent: ada, rev: 4 }) });
  const told = after(desk([ticket("c", { rev: 3 })]), shown, taking, refused);
  expect(told.told).toMatchObject({ word: "agent_taken_by" });
  // The refusal may arrive before the change that caused it.
  expect(reduce(told, hers).told).toBe(told.told);
  expect([hers, heard({ type: "ticket", ticket: ticket("c", { rev: 5 }) })].reduce(reduce, told).told).toBeUndefined();
  expect([hers, heard({ type: "ticket_gone", conversation: "c", why: "closed", rev: 5 })].reduce(reduce, told).told).toBeUndefined();
  expect([hers, heard({ type: "ticket", ticket: ticket("d", { rev: 6 }) })].reduce(reduce, told).told).toBe(told.told);
  // A message without a conversation is removed by the next successful action.
  const away = after(desk([mine]), heard({ type: "error", code: "desk_away", message: "no" }, "a1"));
  expect(away.told).toMatchObject({ word: "agent_desk_away" });
  expect(reduce(away, heard({ type: "done" }, "a2")).told).toBeUndefined();
});

test("what was said is seen until it is in the conversation, once", () => {
  let state = after(desk([mine]), shown, transcript(), wrote(" Hello "), said("a1"));
  expect(talk(state).writing.text).toBe("");
  expect(talk(state).outgoing).toMatchObject([{ content: "Hello", stage: "sending" }]);
  state = reduce(state, heard({ type: "done" }, "a1"));
  expect(talk(state).outgoing).toMatchObject([{ stage: "said" }]);
  state = reduce(state, entry(1, "agent", "Hello"));
  expect(talk(state).outgoing).toEqual([]);
  // The response may also arrive after the entry.
  expect(talk(reduce(state, heard({ type: "done" }, "a1"))).outgoing).toEqual([]);
});

test("what was cut off is not sent, until the conversation shows that it was", () => {
  const cut = after(desk([mine]), shown, transcript(says("agent", "ok")), wrote("ok"), said("a1"), { what: "dropped" }, { what: "unanswered", id: "a1" });
  expect(talk(cut).outgoing).toMatchObject([{ content: "ok", stage: "unsent" }]);
  const notSaid = after(desk([mine]), shown, transcript(says("agent", "ok")), wrote("ok"), said("a1"), transcript(says("agent", "ok")));
  expect(talk(notSaid).outgoing).toHaveLength(1);
  expect(talk(reduce(cut, transcript(says("agent", "ok"), says("agent", "ok")))).outgoing).toEqual([]);
});

test("what was not sent is sent again, or goes back before what is written now", () => {
  const unsent = after(desk([mine]), shown, wrote("First"), said("a1"), { what: "unanswered", id: "a1" }, wrote("Second"));
  const again = reduce(unsent, { what: "saidAgain", conversation: "c", key: "a1", as: "a2" });
  expect(talk(again).outgoing).toMatchObject([{ key: "a2", stage: "sending" }]);
  const back = reduce(unsent, { what: "takenBack", conversation: "c", key: "a1" });
  expect(talk(back).writing.text).toBe("First\n\nSecond");
  expect(talk(back).outgoing).toEqual([]);
  expect(draftsOf(unsent).c).toMatchObject({ text: "Second", unsent: [{ content: "First" }] });
});

test("a refusal is told where the words stand, or above all", () => {
  const refused = heard({ type: "error", code: "not_yours", message: "no", by: ada }, "a1");
  const state = after(desk([mine]), shown, wrote("Hi"), said("a1"), refused);
  expect(talk(state).outgoing).toMatchObject([{ stage: "unsent", why: { word: "agent_taken_by", values: { name: "Ada" } } }]);
  expect(state.told).toBeUndefined();
  const taken = after(desk([ticket("c")]), heard({ type: "error", code: "taken", message: "no", by: ada }, "a7"));
  expect(taken.told).toEqual({ word: "agent_taken_by", values: { name: "Ada" } });
});

test("a draft goes behind what is written, and only the one that was asked for", () => {
  const draft = (id: string): Action =>
    heard({ type: "draft", conversation: "c", content: "Press A. [MANUAL: page 3]", citations: [{ page: 3, quote: "A", url: "/m", score: 1 }], confidence: 1, grounded: true }, id);
  const asked = after(desk([mine]), shown, wrote("Hi"), { what: "drafting", conversation: "c", id: "a2" });
  expect(reduce(asked, draft("a1"))).toBe(asked);
  expect(talk(reduce(asked, draft("a2"))).writing).toMatchObject({ text: "Hi\n\nPress A. [MANUAL: page 3]", drafting: undefined });
  expect(talk(reduce(asked, { what: "unanswered", id: "a2" })).writing).toMatchObject({ text: "Hi", drafting: undefined });
});

test("a draft keeps the pages and loses the machine's other marks", () => {
  expect(asMessage("Turn it. [MANUAL: page 3]\n[PRO TIP: Slowly. [MANUAL: page 4]] Use [SUGGESTION: KD-1]."))
    .toBe("Turn it. [MANUAL: page 3]\nSlowly. [MANUAL: page 4] Use KD-1.");
});

test("what the visitor says while nobody looks is counted until somebody does", () => {
  const state = after(desk([mine]), shown, transcript(), { what: "attention", on: false }, entry(1, "visitor", "Hello?"));
  expect(talk(state).unread).toBe(1);
  expect(concerns(state)).toBe(1);
  expect(talk(reduce(state, { what: "attention", on: true })).unread).toBe(0);
});

test("news is who comes, who writes and what is handed over, and nothing of what was there", () => {
  const first = after(desk([ticket("w")]));
  expect(alertsOf(beginning, first)).toEqual([]);
  const more = reduce(first, heard({ type: "ticket", ticket: ticket("new") }));
  expect(alertsOf(first, more)).toMatchObject([{ what: "arrived", ticket: { conversation: "new" } }]);
  const hers = after(desk([ticket("c", { agent: ada })]));
  expect(alertsOf(hers, reduce(hers, heard({ type: "ticket", ticket: { ...mine, rev: 2 } })))).toMatchObject([{ what: "handed" }]);
  const own = after(desk([mine]), shown, transcript());
  expect(alertsOf(own, reduce(own, entry(1, "visitor", "Hello?")))).toMatchObject([{ what: "wrote", text: "Hello?", isShown: true }]);
  expect(alertsOf(own, reduce(own, desk([{ ...mine, agent: null, rev: 2 }])))).toEqual([]);
});

test("a note keeps its place among what was said when it was heard", () => {
  const note: Action = heard({ type: "note", conversation: "c", agent: ada, content: "VIP", at_ms: 7 });
  const state = after(desk([mine]), shown, transcript(says("visitor", "a")), note, entry(2, "visitor", "b"));
  expect(talk(state).notes).toMatchObject([{ content: "VIP", after: 1 }]);
  const read = reduce(state, heard({ type: "transcript", conversation: "c", whole: true, entries: [], notes: [{ conversation: "c", agent: ada, content: "VIP", at_ms: 7 }] }));
  expect(talk(read).notes).toMatchObject([{ content: "VIP", after: 1 }]);
  // With ids, equal notes of the same moment are two notes.
  const named = (note_id: string, at_ms: number): Note => ({ note_id, conversation: "c", agent: ada, content: "VIP", at_ms });
  const both = heard({ type: "transcript", conversation: "c", whole: true, entries: [], notes: [named("a", 8), named("b", 8)] });
  const again = reduce(reduce(read, both), heard({ type: "note", ...named("b", 8) }));
  expect(talk(again).notes.map((note) => note.note_id)).toEqual([undefined, "a", "b"]);
});

test("a conversation that has gone is let go of when it is left, unless the agent's words are in it", () => {
  const gone: Action = heard({ type: "ticket_gone", conversation: "c", why: "closed", rev: 2 });
  const away: Action = { what: "shown", shown: undefined };
  expect(after(desk([mine]), shown, transcript(), gone, away).talks).toEqual({});
  expect(Object.keys(after(desk([mine]), shown, wrote("Hi"), gone, away).talks)).toEqual(["c"]);
});
