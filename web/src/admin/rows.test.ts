import { expect, test } from "vitest";
import type { TreeReport } from "../wire/types.ts";
import { changesOf, duration, observationsOf, rowsOf, totalsOf } from "./rows.ts";

function actor(name: string, more: Partial<TreeReport> = {}): TreeReport {
  const calm = { state: "up", restarts: 0, last_reason: null, mailbox_depth: 0, uptime_ms: 1000 } as const;
  return { name, kind: "cache_shard", ...calm, observed: { entries: 0 }, children: [], ...more };
}

function tree(shard: Partial<TreeReport> = {}, sessions: unknown = { sessions: 7, draining: false }): TreeReport {
  return actor("root", {
    kind: "supervisor",
    children: [
      actor("sessions", { kind: "session_registry", observed: sessions }),
      actor("cache", { kind: "supervisor", children: [actor("cache.0", shard), actor("cache.1")] }),
    ],
  });
}

const outline = (folded: string[]): [string, number][] =>
  rowsOf(tree(), new Set(folded)).map(({ actor, depth }) => [actor.name, depth]);

test("the rows are the tree, parents before their children", () => {
  expect(outline([])).toEqual([["root", 0], ["sessions", 1], ["cache", 1], ["cache.0", 2], ["cache.1", 2]]);
});

test("what is folded hides those below it and stays itself", () => {
  expect(outline(["cache"])).toEqual([["root", 0], ["sessions", 1], ["cache", 1]]);
});

test("the root and an actor without children cannot be folded", () => {
  expect(outline(["root", "cache.0"])).toEqual(outline([]));
});

test("the totals count every actor, and take the sessions from their registry", () => {
  const failing = tree({ state: "restarting", restarts: 3, mailbox_depth: 5 });
  expect(totalsOf(failing)).toEqual({ actors: 5, up: 4, restarts: 3, waiting: 5, sessions: 7 });
});

test("sessions are lines below their registry, count for themselves, and those that are not named are said", () => {
  const registry = actor("sessions", { kind: "session_registry", observed: { sessions: 1200, draining: false } });
  const named = ["session.9", "session.8"].map((name) => actor(name, { kind: "session", restarts: 2 }));
  const pod = actor("root", { kind: "supervisor", children: [{ ...registry, children: named }] });
  expect(rowsOf(pod, new Set()).map((row) => [row.actor.name, row.more])).toEqual([
    ["root", 0],
    ["sessions", 1198],
    ["session.9", 0],
    ["session.8", 0],
  ]);
  expect(totalsOf(pod)).toEqual({ actors: 2, up: 2, restarts: 0, waiting: 0, sessions: 1200 });
});

test("a registry that has not spoken yet leaves the sessions unknown", () => {
  expect(totalsOf(tree({}, null)).sessions).toBeUndefined();
});

test("a restart is a change even when the actor is up again", () => {
  const after = tree({ restarts: 1, last_reason: "panicked: x" });
  expect(changesOf(tree(), after).map(({ actor, restarted }) => [actor.name, restarted])).toEqual([["cache.0", true]]);
});

test("another state is a change, and no restart", () => {
  const changes = changesOf(tree(), tree({ state: "gave_up" }));
  expect(changes.map(({ actor, restarted }) => [actor.name, restarted])).toEqual([["cache.0", false]]);
});

test("nothing is new at the first look, nor in a server that counts from nothing again", () => {
  expect(changesOf(undefined, tree({ restarts: 4 }))).toEqual([]);
  expect(changesOf(tree({ restarts: 4 }), tree())).toEqual([]);
});

test("what an actor says is shown whatever its form", () => {
  expect(observationsOf({ up: 3, of: "four", list: [1] })).toEqual([["up", "3"], ["of", "four"], ["list", "[1]"]]);
  expect(observationsOf([1, 2])).toEqual([["", "[1,2]"]]);
  expect(observationsOf(null)).toEqual([]);
});

test("a time is shown in its two largest units", () => {
  expect(duration(999, "en")).toBe("0s");
  expect(duration(59_999, "en")).toBe("59s");
  expect(duration(61_000, "en")).toBe("1m 1s");
  expect(duration(7_500_000, "en")).toBe("2h 5m");
  expect(duration(90_000_000, "en")).toBe("1d 1h");
});
