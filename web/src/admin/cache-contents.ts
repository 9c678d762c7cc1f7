// The three caches, from their shards in the tree of actors and from their series. Plain data.

import type { TreeReport } from "../wire/types.ts";

/** The caches by their name in the tree and in the series. */
export const CACHES = ["manuals", "predictions", "answers"] as const;
export type CacheName = (typeof CACHES)[number];

export interface Shard {
  name: string;
  entries: number;
  bytes: number;
  loads: number;
}

export interface CacheContents {
  name: CacheName;
  entries: number;
  bytes: number;
  loads: number;
  shards: Shard[];
}

/** The content of each cache; a shard that just started reports none. */
export function contentsOf(tree: TreeReport): CacheContents[] {
  const shards = everyone(tree).filter((actor) => actor.kind === "cache_shard");
  return CACHES.map((name) => {
    const own = shards.filter((actor) => actor.name.startsWith(`cache.${name}.`)).map(shardOf);
    const sum = (of: (shard: Shard) => number): number => own.reduce((total, shard) => total + of(shard), 0);
    return { name, entries: sum((it) => it.entries), bytes: sum((it) => it.bytes), loads: sum((it) => it.loads), shards: own };
  });
}

function shardOf({ name, observed }: TreeReport): Shard {
  const counts = (observed ?? {}) as Partial<Record<string, unknown>>;
  const number = (field: string): number => (typeof counts[field] === "number" ? counts[field] : 0);
  return { name, entries: number("entries"), bytes: number("bytes"), loads: number("loads") };
}

function everyone(tree: TreeReport): TreeReport[] {
  return [tree, ...tree.children.flatMap(everyone)];
}
