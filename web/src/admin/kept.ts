// The three caches as their shards tell of them in the tree of actors, and as their series do. Plain data.

import type { TreeReport } from "../wire/types.ts";

/** The caches by the name they have in the tree and in the series. */
export const CACHES = ["manuals", "predictions", "answers"] as const;
export type CacheName = (typeof CACHES)[number];

export interface Shard {
  name: string;
  entries: number;
  bytes: number;
  loads: number;
}

export interface Kept {
  name: CacheName;
  entries: number;
  bytes: number;
  loads: number;
  shards: Shard[];
}

/** What is kept, cache by cache; a shard that does not say so, since it has just been started, has nothing. */
export function keptOf(tree: TreeReport): Kept[] {
  const shards = everyone(tree).filter((actor) => actor.kind === "cache_shard");
  return CACHES.map((name) => {
    const own = shards.filter((actor) => actor.name.startsWith(`cache.${name}.`)).map(shardOf);
    const sum = (of: (shard: Shard) => number): number => own.reduce((total, shard) => total + of(shard), 0);
    return { name, entries: sum((it) => it.entries), bytes: sum((it) => it.bytes), loads: sum((it) => it.loads), shards: own };
  });
}

function shardOf({ name, observed }: TreeReport): Shard {
  const said = (observed ?? {}) as Partial<Record<string, unknown>>;
  const number = (field: string): number => (typeof said[field] === "number" ? said[field] : 0);
  return { name, entries: number("entries"), bytes: number("bytes"), loads: number("loads") };
}

function everyone(tree: TreeReport): TreeReport[] {
  return [tree, ...tree.children.flatMap(everyone)];
}
