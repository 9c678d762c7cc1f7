import { expect, test } from "vitest";
import type { TreeReport } from "../wire/types.ts";
import { contentsOf } from "./cache-contents.ts";

function actor(name: string, kind: string, observed: unknown, children: TreeReport[] = []): TreeReport {
  return { name, kind, state: "up", restarts: 0, last_reason: null, mailbox_depth: 0, uptime_ms: 1, observed, children };
}

test("a cache is the sum of its shards, and one that has not spoken yet counts as empty", () => {
  const shards = [actor("cache.manuals.0", "cache_shard", { entries: 2, bytes: 30, loads: 1 }), actor("cache.manuals.1", "cache_shard", null)];
  const tree = actor("root", "supervisor", null, [actor("cache.manuals", "supervisor", {}, shards)]);
  const [manuals, predictions] = contentsOf(tree);
  expect([manuals?.entries, manuals?.bytes, manuals?.loads, manuals?.shards.length]).toEqual([2, 30, 1, 2]);
  expect([predictions?.entries, predictions?.shards]).toEqual([0, []]);
});
