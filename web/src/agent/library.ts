// What the console has asked for over HTTP, as plain data: nothing of it is told by the socket.

import type { Found, Left, Pictures, Reply, Search, Transcript } from "./requests.ts";

/** A list that grows by parts. */
export interface Growing<Item> {
  items: readonly Item[];
  next: string | null;
  /** `none` where the server has no such list. */
  stage: "unasked" | "asking" | "here" | "failed" | "none";
}

export interface Library {
  replies: readonly Reply[];
  /** What can be done with replies: nothing where the server has none. */
  hasReplies: boolean;
  search: Search;
  past: Growing<Found>;
  left: Growing<Left>;
  /** Conversations of the archive, as far as they were asked for. */
  archived: Readonly<Record<string, Transcript | "asking" | "absent">>;
  pictures: Pictures | undefined;
  /** Is told of what comes while nobody looks. */
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

/** The list with its first part as it is now: what is new stands at its top, and what was read further down stays. */
export function refreshed<Item extends { conversation?: string | null; id?: string }>(
  list: Growing<Item>,
  first: { items: readonly Item[]; next: string | null },
): Growing<Item> {
  const key = (item: Item): string => item.id ?? item.conversation ?? "";
  const fresh = new Set(first.items.map(key));
  const rest = list.items.filter((item) => !fresh.has(key(item)));
  const isWhole = first.next === null;
  // With one part there is no rest: what is not in it any more has gone.
  return { items: isWhole ? first.items : [...first.items, ...rest], next: isWhole || rest.length === 0 ? first.next : list.next, stage: "here" };
}

/** The list with the part that came; the first part takes the place of what was there. */
export function grown<Item>(list: Growing<Item>, part: { items: readonly Item[]; next: string | null }, isFirst: boolean): Growing<Item> {
  return { items: isFirst ? part.items : [...list.items, ...part.items], next: part.next, stage: "here" };
}
