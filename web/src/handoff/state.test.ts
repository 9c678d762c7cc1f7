import { expect, test } from "vitest";
import { beginning, type Action, reduce, restored, type State } from "../state.ts";
import type { Product } from "../wire/product.ts";
import type { ServerMessage } from "../wire/types.ts";
import { hasAgent } from "./state.ts";

const product: Product = { id: "a-1", name: "A", brand: "", category: "", country: "", picture: "", related: [], manual: undefined, scenarios: ["general"] };
const yael = { id: "1", name: "Yael" };
const after = (state: State, ...all: Action[]): State => all.reduce(reduce, state);
const receives = (message: ServerMessage, id?: string): Action => ({ what: "received", message, id });
const says = (content: string): ServerMessage => ({ type: "message", from: "agent", agent: yael, content, html: "", at_ms: 1 });
const waiting = after(beginning, { what: "wished" }, receives({ type: "handoff", state: "waiting" }));
const talking = after(waiting, receives({ type: "agent_joined", agent: yael }), receives({ type: "handoff", state: "with_agent" }));

test("who asks for a person waits, is told the place, and then has one", () => {
  const placed = after(waiting, receives({ type: "queue", place: 2, for: "agent", wait_ms: 60_000 }));
  expect(placed.handoff).toMatchObject({ stage: "waiting", place: 2, waitMs: 60_000 });
  expect(talking.handoff).toMatchObject({ stage: "with", name: "Yael", place: undefined });
  expect(hasAgent(talking.handoff)).toBe(true);
});

test("what both say stands in the thread between the questions, in the order in which it was said", () => {
  const ask = (id: string): Action => ({ what: "asked", id, product, question: "q", image: undefined });
  const state = after(talking, ask("q1"), receives(says("Hello")), ask("q2"));
  const places = [state.turns[0]?.at, state.handoff.entries.at(-1)?.at, state.turns[1]?.at];
  expect(places).toEqual([...places].sort((a, b) => (a ?? 0) - (b ?? 0)));
  expect(new Set(places).size).toBe(3);
});

test("a question that goes to the person becomes something said to them, in its place", () => {
  const asked = after(talking, { what: "asked", id: "q1", product, question: "Why?", image: undefined });
  const at = asked.turns[0]?.at;
  const state = after(asked, receives({ type: "message", from: "visitor", content: "Why?", html: "", at_ms: 1 }, "q1"));
  expect(state.turns).toEqual([]);
  expect(state.handoff.entries.at(-1)).toMatchObject({ at, key: "q1", text: "Why?", sent: true });
});

test("a message is sent when the server says so, and stays with its reason when it is refused", () => {
  const wrote = after(talking, { what: "wrote", id: "m1", text: "Hi", upload: undefined, atMs: 1 });
  expect(wrote.handoff.entries.at(-1)).toMatchObject({ sent: false });
  const sent = after(wrote, receives({ type: "message", from: "visitor", content: "Hi", html: "", at_ms: 2 }, "m1"));
  expect(sent.handoff.entries).toHaveLength(wrote.handoff.entries.length);
  expect(sent.handoff.entries.at(-1)).toMatchObject({ sent: true, atMs: 2 });
  const refused = after(wrote, receives({ type: "error", code: "no_agent", message: "No person is here." }, "m1"));
  expect(refused.handoff.entries.at(-1)).toMatchObject({ sent: false, trouble: { text: "No person is here." } });
});

test("with nobody there the form is offered, and put away again", () => {
  const nobody = after(beginning, { what: "wished" }, receives({ type: "handoff", state: "unavailable", reason: "Closed today.", form: true }));
  expect(nobody.handoff).toMatchObject({ stage: "unavailable", why: "Closed today." });
  expect(after(nobody, { what: "withdrawn" }).handoff.stage).toBe("machine");
});

test("a wish that the server refuses is not waited for", () => {
  const state = after(beginning, { what: "wished" }, receives({ type: "error", code: "rate_limited", message: "Too fast." }, "w1"));
  expect(state.handoff).toMatchObject({ stage: "unavailable", why: "Too fast." });
});

test("the person leaves the strip when the conversation goes back, or is another one", () => {
  expect(after(talking, receives({ type: "handoff", state: "returned" })).handoff).toMatchObject({ stage: "machine", name: "" });
  expect(after(talking, receives({ type: "handoff", state: "closed" })).handoff.stage).toBe("over");
  const limits = {} as never;
  const anew = after(talking, { what: "opened", limits, recovered: false, lost: true, anew: true });
  expect(anew.handoff.stage).toBe("machine");
  expect(anew.handoff.entries).toEqual(talking.handoff.entries);
});

test("a page that is loaded again goes on with what it knew", () => {
  const { turns, handoff, next, scenario } = talking;
  const again = restored(JSON.parse(JSON.stringify({ product, turns, handoff, next, scenario })) as State);
  expect(again).toMatchObject({ link: "connecting", handoff: { stage: "with", name: "Yael" }, next });
});
