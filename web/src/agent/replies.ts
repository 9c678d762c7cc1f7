// Canned replies: those that match the text after a slash, and their insertion.

import type { Reply } from "./requests.ts";

/** Most replies that are offered at once. */
const OFFERED = 8;

/** A slash in the text, and the letters after it. */
export interface Slash {
  /** Position of the slash. */
  at: number;
  /** End of the letters. */
  end: number;
  typed: string;
}

/** The slash before the caret, if it begins a word. */
export function slashBefore(text: string, caret: number): Slash | undefined {
  const match = /(?:^|\s)\/(\S*)$/u.exec(text.slice(0, caret));
  if (match === null) return undefined;
  const typed = match[1] ?? "";
  return { at: caret - typed.length - 1, end: caret, typed };
}

/** The matching replies, shortcuts first that begin with the text; replies for another product are left out. */
export function fitting(replies: readonly Reply[], typed: string, product: string | undefined): Reply[] {
  const search = typed.toLowerCase();
  const rank = (reply: Reply): number => {
    const shortcut = reply.shortcut.toLowerCase();
    if (shortcut.startsWith(search)) return reply.product === null ? 1 : 0;
    if (shortcut.includes(search)) return 2;
    return reply.text.toLowerCase().includes(search) ? 3 : -1;
  };
  return replies
    .filter((reply) => reply.product === null || reply.product === product)
    .map((reply) => ({ reply, rank: rank(reply) }))
    .filter((one) => one.rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.reply.shortcut.localeCompare(b.reply.shortcut))
    .slice(0, OFFERED)
    .map((one) => one.reply);
}

/**
 * The text of a reply with `{visitor}` and `{product}` filled in; an unknown value is removed with the space before
 * it.
 */
export function filled(text: string, known: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/( ?)\{(visitor|product)\}/g, (_, space: string, blank: string) => {
    const value = known[blank] ?? "";
    return value === "" ? "" : `${space}${value}`;
  });
}

/** The text with the reply in place of the slash, and the position of the caret. */
export function inserted(text: string, slash: Slash, reply: string): { text: string; caret: number } {
  const before = text.slice(0, slash.at) + reply;
  return { text: before + text.slice(slash.end), caret: before.length };
}
