import { describe, expect, test } from "vitest";
import { beginning, type Action, isStart, reduce, restored, scenarioFor, type State, unreadMessages } from "./state.ts";
import type { Product } from "./wire/product.ts";
import type { FinalAnswer, Limits, ServerMessage } from "./wire/types.ts";

const limits: Limits = { typing_chars: 1000, question_chars: 2000, image_bytes: 9, message_bytes: 9, messages_per_second: 9 };
const drum: Product = {
  id: "td17",
  name: "TD-17",
  brand: "Roland",
  category: "Drums",
  country: "Malaysia",
  picture: "",
  related: [],
  manual: "",
  scenarios: ["general", "studio"],
};
const lean = (id: string) => ({
  product: { id, name: id.toUpperCase(), brand: "r", category: "Drums", manual: true },
  brand: { id: "r", name: "Roland" },
  confidence: 90,
  match_text: id,
  matched: [{ field: "name", start: 0, end: 2 }],
});
const end: FinalAnswer = { content: "", citations: [], confidence: 0.9, grounded: true, html: "", answerer: "extractive" };

const after = (...actions: Action[]): State => actions.reduce(reduce, beginning);
const typed = (text: string, id: string): Action => ({ what: "typed", text, id });
const heard = (message: ServerMessage, id?: string): Action => ({ what: "received", message, id });
const found = (id: string, ...ids: string[]): Action => heard({ type: "prediction", data: ids.map(lean) }, id);
const asked: Action = { what: "asked", id: "q1", product: drum, question: "how loud?", image: undefined };
const opened: Action = { what: "opened", limits, recovered: false, lost: false };

describe("finding a product", () => {
  test("the best prediction is the one that Enter takes", () => {
    const state = after(typed("td", "1"), found("1", "td17", "td27"));
    expect([state.listOpen, state.active, state.options.length]).toEqual([true, 0, 2]);
  });

  test("an answer to what was typed before is passed over", () => {
    const state = after(typed("t", "1"), typed("td", "2"), found("2", "td17"), found("1", "tr8"));
    expect(state.options.map((option) => option.id)).toEqual(["td17"]);
  });

  test("what came for empty typing is the sample, and no list opens", () => {
    const state = after(typed("", "1"), found("1", "td17"));
    expect([state.sample.length, state.options.length, state.listOpen]).toEqual([1, 0, false]);
  });

  const read = (id: string, more: object, ...ids: string[]): Action =>
    heard({ type: "understood", data: ids.map(lean), ...more }, id);
  const paused = (text: string, id: string): Action => ({ what: "paused", text, id });

  test("a product that a sentence names is what Enter takes, with the question", () => {
    const { product, brand } = lean("td17");
    const detected = { product, brand, confidence: 90, question: "is it loud?" };
    const state = after(typed("td17 is it loud?", "1"), found("1", "x"), paused("td17 is it loud?", "2"), read("2", { detected }, "td17", "td27"));
    expect([state.active, state.reading?.detected?.option.id, state.reading?.detected?.question]).toEqual([0, "td17", "is it loud?"]);
    expect(state.typed).toBe("td17 is it loud?");
  });

  test("a guess is offered and not taken by Enter, and the text stays", () => {
    const guess = { ...lean("td17"), confidence: 40 };
    const state = after(typed("something loud", "1"), paused("something loud", "2"), heard({ type: "understood", data: [guess] }, "2"));
    expect([state.active, state.options.length, state.listOpen, state.typed]).toEqual([-1, 1, true, "something loud"]);
  });

  test("what was made of an earlier text is passed over, and letters do not undo what is understood", () => {
    const late = after(typed("a b", "1"), paused("a b", "2"), typed("a b c", "3"), read("2", {}, "td17"));
    expect(late.options).toEqual([]);
    const state = after(typed("a b", "1"), paused("a b", "2"), read("2", {}, "td17"), found("1", "td27"));
    expect(state.options.map(({ id }) => id)).toEqual(["td17"]);
  });

  test("the arrows go round", () => {
    const two = [typed("td", "1"), found("1", "a", "b")];
    expect(after(...two, { what: "moved", by: -1 }).active).toBe(1);
    expect(after(...two, { what: "moved", by: 1 }, { what: "moved", by: 1 }).active).toBe(0);
  });

  test("a product that is picked clears the search", () => {
    const state = after(typed("td", "1"), found("1", "td17"), { what: "picked", product: drum });
    expect([state.product?.id, state.typed, state.listOpen, state.options.length]).toEqual(["td17", "", false, 0]);
  });

  test("a description that comes late does not put another product back", () => {
    const other = { ...drum, id: "other" };
    const state = after({ what: "picked", product: other }, { what: "described", product: drum });
    expect(state.product?.id).toBe("other");
  });
});

describe("a question", () => {
  const reading = heard({ type: "status", msg: "Reading Official Manual..." }, "q1");
  const thinking = heard({ type: "status", msg: "Thinking..." }, "q1");
  const piece = (content: string): Action => heard({ type: "answer_chunk", content }, "q1");
  const last = heard({ type: "final_answer", ...end }, "q1");

  test("goes through its stages and gathers its pieces", () => {
    const stages = [[], [reading], [reading, thinking], [reading, thinking, piece("a"), piece("b")]].map(
      (more) => after(opened, asked, ...more).turns[0]?.stage,
    );
    expect(stages).toEqual(["waiting", "reading", "thinking", "answering"]);
    const done = after(opened, asked, reading, thinking, piece("a"), piece("b"), last).turns[0];
    expect([done?.stage, done?.text, done?.end?.confidence]).toEqual(["done", "ab", 0.9]);
  });

  test("hears only what bears its id", () => {
    expect(after(opened, asked, heard({ type: "answer_chunk", content: "x" }, "q2")).turns[0]?.text).toBe("");
  });

  test("that is answered is not changed any more", () => {
    expect(after(opened, asked, piece("a"), last, piece("b")).turns[0]?.text).toBe("a");
  });

  test("begins anew when the conversation was lost in the middle of it", () => {
    const state = after(opened, asked, piece("half"), { what: "dropped" }, opened, piece("whole"));
    expect(state.turns[0]?.text).toBe("whole");
  });

  test("goes on when the conversation was recovered", () => {
    const recovered: Action = { ...opened, recovered: true };
    const state = after(opened, asked, piece("first "), { what: "dropped" }, recovered, piece("second"));
    expect(state.turns[0]?.text).toBe("first second");
  });

  test("that is refused says so in our words", () => {
    const gone = after(opened, asked, heard({ type: "status", msg: "Error: Product not found." }, "q1")).turns[0];
    expect([gone?.stage, gone?.trouble]).toEqual(["failed", { word: "error_product_gone" }]);
    const full = after(opened, asked, heard({ type: "error", code: "too_many_questions", message: "m" }, "q1"));
    expect(full.turns[0]?.trouble).toEqual({ word: "error_too_many_questions" });
    const other = after(opened, asked, heard({ type: "error", code: "invalid_message", message: "why" }, "q1"));
    expect(other.turns[0]?.trouble).toEqual({ text: "why" });
  });

  test("that waits in line knows its place, and forgets it when its turn has come", () => {
    const queue = (place: number, of: "answer" | "agent" = "answer"): Action =>
      heard({ type: "queue", place, for: of }, "q1");
    const places = [[queue(3)], [queue(3), queue(1)], [queue(3), reading], [reading, queue(2)], [queue(3, "agent")]].map(
      (more) => after(opened, asked, ...more).turns[0]?.place,
    );
    expect(places).toEqual([3, 1, undefined, undefined, undefined]);
    const again = after(opened, asked, queue(3), { what: "dropped" }, opened);
    expect(again.turns[0]?.place, "who asks anew stands in line anew").toBeUndefined();
  });

  test("takes the picture along and leaves none behind", () => {
    const state = after({ what: "image", image: "data:" }, { ...asked, image: "data:" });
    expect([state.image, state.turns[0]?.image]).toEqual([undefined, "data:"]);
  });

  test("is ended here when it is stopped while nobody is connected", () => {
    expect(after(opened, asked, { what: "stopped" }).turns[0]?.stage).toBe("waiting");
    expect(after(opened, asked, { what: "dropped" }, { what: "stopped" }).turns[0]?.stage).toBe("failed");
  });
});

test("a notice is kept until it is put away, and the newest takes its place", () => {
  const notice = (message: string): Action => heard({ type: "notice", message });
  expect(after(opened, notice("one"), notice("two")).notice).toBe("two");
  expect(after(opened, notice("one"), { what: "noticeRead" }).notice).toBeUndefined();
});

test("a message of a type that is not known changes nothing", () => {
  const before = after(opened, asked);
  expect(reduce(before, heard({ type: "from_the_future" } as unknown as ServerMessage, "q1"))).toBe(before);
});

describe("the link", () => {
  test("says that it was lost and that it is back", () => {
    const links = [[], [opened], [opened, { what: "dropped" } as const], [opened, { what: "dropped" } as const, opened]].map(
      (actions) => after(...actions).link,
    );
    expect(links).toEqual(["connecting", "open", "lost", "back"]);
    expect(after(opened, { what: "dropped" }, opened, { what: "toldBack" }).link).toBe("open");
  });

  test("says that what was said is lost, where something was said, until the visitor has seen it", () => {
    const forgotten: Action = { ...opened, lost: true };
    expect(after(opened, { what: "dropped" }, forgotten).forgotten).toBe(false);
    const told = [opened, asked, { what: "dropped" } as const, forgotten];
    expect(after(...told).forgotten).toBe(true);
    expect(after(...told, { what: "toldForgotten" }).forgotten).toBe(false);
    expect(after(...told, { ...asked, id: "q2" }).forgotten).toBe(false);
  });

  test("says that the chat goes on elsewhere, and comes back from there", () => {
    expect(after(opened, { what: "takenOver" }).link).toBe("elsewhere");
    expect(after(opened, { what: "takenOver" }, { ...opened, recovered: true }).link).toBe("open");
  });

  test("says that the chat was closed, and comes back when the visitor wants it", () => {
    expect(after(opened, { what: "dismissed" }).link).toBe("closed");
    expect(after(opened, { what: "dismissed" }, { ...opened, recovered: true }).link).toBe("open");
  });
});

describe("another product", () => {
  const synth: Product = { ...drum, id: "vx9", name: "VX-9", scenarios: ["general"] };
  const picked = (product: Product): Action => ({ what: "picked", product });

  test("is marked in the thread once something was said, and only where it is another one", () => {
    expect(after(picked(drum), picked(synth)).changes).toEqual([]);
    const changed = after(picked(drum), asked, picked(synth));
    expect(changed.changes.map(({ product }) => product.id)).toEqual(["vx9"]);
    expect(reduce(changed, { ...asked, id: "q2", product: synth }).changes).toHaveLength(1);
    expect(changed.changes[0]?.at).toBeGreaterThan(changed.turns[0]?.at ?? Infinity);
  });

  test("is not marked when nothing was said about it", () => {
    expect(after(picked(drum), asked, picked(synth), picked(drum)).changes).toEqual([]);
    const third = { ...drum, id: "tr8", name: "TR-8" };
    expect(after(picked(drum), asked, picked(synth), picked(third)).changes.map(({ product }) => product.id)).toEqual(["tr8"]);
  });

  test("a question about an earlier product is marked too", () => {
    const back = after(picked(drum), asked, picked(synth), { ...asked, id: "q2", product: synth }, { ...asked, id: "q3" });
    expect(back.changes.map(({ product }) => product.id)).toEqual(["vx9", "td17"]);
    const places = [...back.turns, ...back.changes].map(({ at }) => at);
    expect(new Set(places).size).toBe(places.length);
  });

  test("the scenario that was chosen is kept for products for which it makes sense", () => {
    const studio = after({ what: "scenario", scenario: "studio" });
    expect([scenarioFor(studio, drum), scenarioFor(studio, synth), scenarioFor(studio, undefined)]).toEqual(["studio", "general", "general"]);
  });

  test("the start page is shown again without losing the product, but never over an agent", () => {
    const home = after(picked(drum), asked, { what: "home" });
    expect([isStart(home), home.product?.id, home.turns.length]).toEqual([true, "td17", 1]);
    expect(isStart(reduce(home, { what: "changing", on: false }))).toBe(false);
    const talking = after(picked(drum), heard({ type: "agent_joined", agent: { id: "1", name: "Yael" } }), { what: "home" });
    expect([isStart(talking), talking.changing]).toEqual([false, true]);
  });
});

describe("what is unread", () => {
  const joined = heard({ type: "agent_joined", agent: { id: "1", name: "Yael" } });
  const says = (content: string): Action => heard({ type: "message", from: "agent", agent: { id: "1", name: "Yael" }, content, html: "", at_ms: 1 });

  test("is what an agent writes and what happens with one, and only messages are counted", () => {
    const state = after(joined, says("Hello"), says("Are you there?"));
    expect([state.unread.length, unreadMessages(state)]).toEqual([3, 2]);
    const seen = reduce(state, { what: "seen", rows: state.unread.slice(0, 2) });
    expect([seen.unread.length, unreadMessages(seen)]).toEqual([1, 1]);
  });

  test("is an answer from its first words on, once, and nothing that the visitor writes", () => {
    const chunk = heard({ type: "answer_chunk", content: "Loud." }, "q1");
    const state = after(asked, chunk, chunk, heard({ type: "final_answer", ...end }, "q1"));
    expect(state.unread).toEqual(["turn q1"]);
    expect(after(joined, { what: "wrote", id: "m1", text: "Hi", upload: undefined, atMs: 1 }).unread).toHaveLength(1);
  });
});

test("what was not sent as the page was left is told, and what is sent again by itself is not", () => {
  const wrote = (id: string): Action => ({ what: "wrote", id, text: id, image: "data:image/png;base64,AA==", upload: undefined, atMs: 1 });
  const left = after(wrote("m1"), wrote("m2"));
  const again = restored(left, ["m2"]);
  expect(again.handoff.entries.map((entry) => entry.kind === "said" && entry.trouble)).toEqual([{ word: "person_interrupted" }, undefined]);
});

test("a message that was too large for the server is not sent, and says so", () => {
  const state = after({ what: "wrote", id: "m1", text: "x", upload: undefined, atMs: 1 }, { what: "refused", id: "m1" });
  expect(state.handoff.entries[0]).toMatchObject({ sent: false, trouble: { word: "error_too_large" } });
});
