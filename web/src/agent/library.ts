// The data that the console loads over HTTP, as plain data: the socket does not send it.

import type { Found, Left, Pictures, Reply, Search, Transcript } from "./requests.ts";

/** A list that is loaded in parts. */
export interface Growing<Item> {
  items: readonly Item[];
  next: string | null;
  /** `none` if the server has no such list. */
  stage: "unasked" | "asking" | "here" | "failed" | "none";
}

export interface Library {
  replies: readonly Reply[];
  /** Whether replies can be edited: not if the server has none. */
  hasReplies: boolean;
  search: Search;
  past: Growing<Found>;
  left: Growing<Left>;
  /** Conversations of the archive that were requested. */
  archived: Readonly<Record<string, Transcript | "asking" | "absent">>;
  pictures: Pictures | undefined;
  /** True if sounds are on. */
  sound: boolean;
  notices: "unasked" | "granted" | "denied";
}

const empty = { items: [], next: null, stage: "unasked" } as const;

export const everything: Search = { text: "", product: "", rating: "", from: "", to: "" };

export const emptyLibrary: Library = {
  replies: [],
  hasReplies: false,
  search: everything,
  past: empty,
  left: empty,
  archived: {},
  pictures: undefined,
  sound: true,
  notices: "denied",
};

/** The list with its first part reloaded: new items are at its top, and the parts below stay. */
export function refreshed<Item extends { conversation?: string | null; id?: string }>(
  list: Growing<Item>,
  first: { items: readonly Item[]; next: string | null },
): Growing<Item> {
  const key = (item: Item): string => item.id ?? item.conversation ?? "";
  const fresh = new Set(first.items.map(key));
  const rest = list.items.filter((item) => !fresh.has(key(item)));
  const isWhole = first.next === null;
  // With one part there is no rest: an item that is not in it any more has gone.
  return { items: isWhole ? first.items : [...first.items, ...rest], next: isWhole || rest.length === 0 ? first.next : list.next, stage: "here" };
}

/** The list with a further part; the first part replaces the list. */
export function grown<Item>(list: Growing<Item>, part: { items: readonly Item[]; next: string | null }, isFirst: boolean): Growing<Item> {
  return { items: isFirst ? part.items : [...list.items, ...part.items], next: part.next, stage: "here" };
}
