// Splits a text at the matched ranges.
//
// The server counts Unicode scalar values, JavaScript UTF-16 units: after an emoji or a rare script the two differ,
// so the text is iterated by code points.

import type { Highlight } from "../wire/types.ts";

/** A part of a text, marked or not. */
export interface Stretch {
  text: string;
  marked: boolean;
}

/** The text in parts; the ranges may overlap, touch, come in any order or exceed the text. */
export function stretches(text: string, field: string, matched: readonly Highlight[]): Stretch[] {
  const characters = Array.from(text);
  const marked = new Set<number>();
  for (const range of matched) {
    if (range.field !== field) continue;
    for (let at = range.start; at < Math.min(range.end, characters.length); at++) marked.add(at);
  }
  const cut: Stretch[] = [];
  characters.forEach((character, at) => {
    const last = cut.at(-1);
    if (last?.marked === marked.has(at)) last.text += character;
    else cut.push({ text: character, marked: marked.has(at) });
  });
  return cut;
}
