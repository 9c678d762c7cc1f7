// Cuts a text at the ranges that matched.
//
// The server counts characters as Unicode scalar values, JavaScript as UTF-16 units: behind an emoji or a
// rare script the two differ, so the text is walked by code points.

import type { Highlight } from "../wire/types.ts";

/** A stretch of text, marked or not. */
export interface Stretch {
  text: string;
  marked: boolean;
}

/** The text in stretches; the ranges may overlap, touch, come in any order or reach past the end. */
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
