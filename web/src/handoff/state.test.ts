import { expect, test } from "vitest";
import { beginning, type Action, reduce, restored, type State } from "../state.ts";
import type { Product } from "../wire/product.ts";
import type { ServerMessage } from "../wire/types.ts";
import { hasAgent } from "./state.ts";

const product: Product = { id: "a-1", name: "A", brand: "", category: "", country: "", picture: "", related: [], manual: undefined, scenarios: ["general"] };
const yael = { id: "1", name: "Yael" };
const after = (state: State, ...all: Action[]): State => all.reduce(reduce, state);
const receives = (message: ServerMessage, id?: string): Action => ({ what: "heard", message, id });
const says = (content: string): ServerMessage => ({ type: "message", from: "agent", agent: yael, content, html: "", at_ms: 1 });
const waiting = after(beginning, { what: "wished" }, receives({ type: "handoff", state: "waiting" }));
const talking = after(waiting, receives({ type: "agent_joined", agent: yael }), receives({ type: "handoff", state: "with_agent" }));

test("who asks for a person waits, is told the place, and then has one", () => {
  const placed = after(waiting, receives({ type: "queue", place: 2, for: "agent", wait_ms: 60_000 }));
  expect(placed.person).toMatchObject({ stage: "waiting", place: 2, waitMs: 60_000 });
  expect(talking.person).toMatchObject({ stage: "with", name: "Yael", place: undefined });
  expect(hasAgent(talking.person)).toBe(true);
});

test("what both say stands in the thread between the questions, in the order in which it was said", () => {
  const ask = (id: string): Action => ({ what: "asked", id, product, question: "q", image: undefined });
  const state = after(talking, ask("q1"), receives(says("Hello")), ask("q2"));
  const places = [state.turns[0]?.at, state.person.entries.at(-1)?.at, state.turns[1]?.at];
  expect(places).toEqual([...places].sort((a, b) => (a ?? 0) - (b ?? 0)));
  expect(new Set(places).size).toBe(3);
});

test("a question that goes to the person becomes something said to them, in its place", () => {
  const asked = after(talking, { what: "asked", id: "q1", product, question: "Why?", image: undefined });
  const at = asked.turns[0]?.at;
  const state = after(asked, receives({ type: "message", from: "visitor", content: "Why?", html: "", at_ms: 1 }, "q1"));
  expect(state.turns).toEqual([]);
  expect(state.person.entries.at(-1)).toMatchObject({ at, key: "q1", text: "Why?", sent: true });
});

test("a message is sent when the server says so, and stays with its reason when it is refused", () => {
  const wrote = after(talking, { what: "wrote", id: "m1", text: "Hi", upload: undefined, atMs: 1 });
  expect(wrote.person.entries.at(-1)).toMatchObject({ sent: false });
  const sent = after(wrote, receives({ type: "message", from: "visitor", content: "Hi", html: "", at_ms: 2 }, "m1"));
  expect(sent.person.entries).toHaveLength(wrote.person.entries.length);
  expect(sent.person.entries.at(-1)).toMatchObject({ sent: true, atMs: 2 });
  const refused = after(wrote, receives({ type: "error", code: "no_agent", message: "No person is here." }, "m1"));
  expect(refused.person.entries.at(-1)).toMatchObject({ sent: false, trouble: { text: "No person is here." } });
});

test("with nobody there the form is offered, and put away again", () => {
  const nobody = after(beginning, { what: "wished" }, receives({ type: "handoff", state: "unavailable", reason: "Closed today.", form: true }));
  expect(nobody.person).toMatchObject({ stage: "unavailable", why: "Closed today." });
  expect(after(nobody, { what: "withdrawn" }).person.stage).toBe("machine");
});

test("a wish that the server refuses is not waited for", () => {
  const state = after(beginning, { what: "wished" }, receives({ type: "error", code: "rate_limited", message: "Too fast." }, "w1"));
  expect(state.person).toMatchObject({ stage: "unavailable", why: "Too fast." });
});

test("the person leaves the strip when the conversation goes back, or is another one", () => {
  expect(after(talking, receives({ type: "handoff", state: "returned" })).person).toMatchObject({ stage: "machine", name: "" });
  expect(after(talking, receives({ type: "handoff", state: "closed" })).person.stage).toBe("over");
  const limits = {} as never;
  const anew = after(talking, { what: "opened", limits, recovered: false, lost: true, anew: true });
  expect(anew.person.stage).toBe("machine");
  expect(anew.person.entries).toEqual(talking.person.entries);
});

test("a page that is loaded again goes on with what it knew", () => {
  const { turns, person, next, scenario } = talking;
  const again = restored(JSON.parse(JSON.stringify({ product, turns, person, next, scenario })) as State);
  expect(again).toMatchObject({ link: "connecting", person: { stage: "with", name: "Yael" }, next });
});
