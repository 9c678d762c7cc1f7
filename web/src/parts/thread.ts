// The conversation: one turn below the other, and between them what a person and the visitor said.

import { turnPart } from "../answer/turn.ts";
import { el } from "../element.ts";
import { entryPart } from "../person/entry.ts";
import type { Entry } from "../person/state.ts";
import type { Turn } from "../state.ts";
import type { Maker, Part } from "./part.ts";

type Row = { turn: Turn } | { entry: Entry };

export function thread(maker: Maker): Part {
  const element = el("ol", { class: "thread" });
  const parts = new Map<string, { element: HTMLElement; update: (row: Row) => void }>();
  const drawn = { turns: undefined as readonly Turn[] | undefined, entries: undefined as readonly Entry[] | undefined };
  return {
    element,
    update: ({ turns, person: { entries } }) => {
      if (drawn.turns === turns && drawn.entries === entries) return;
      Object.assign(drawn, { turns, entries });
      const rows: [number, string, Row][] = [
        ...turns.map((turn): [number, string, Row] => [turn.at, `turn ${turn.id}`, { turn }]),
        ...entries.map((entry): [number, string, Row] => [entry.at, `entry ${entry.key}`, { entry }]),
      ];
      rows.sort(([one], [other]) => one - other);
      element.hidden = rows.length === 0;
      const kept = new Set(rows.map(([, key]) => key));
      for (const [key, part] of parts) {
        if (kept.has(key)) continue;
        part.element.remove();
        parts.delete(key);
      }
      rows.forEach(([, key, row], place) => {
        const part = parts.get(key) ?? made(row, maker);
        parts.set(key, part);
        // Only what is new, or out of its place, is put in: the others keep their focus.
        if (element.children[place] !== part.element) element.insertBefore(part.element, element.children[place] ?? null);
        part.update(row);
      });
    },
  };
}

function made(first: Row, maker: Maker): { element: HTMLElement; update: (row: Row) => void } {
  if ("turn" in first) {
    const { element, update } = turnPart(first.turn, maker);
    return {
      element,
      update: (row) => {
        if ("turn" in row) update(row.turn);
      },
    };
  }
  const { element, update } = entryPart(maker);
  return {
    element,
    update: (row) => {
      if ("entry" in row) update(row.entry);
    },
  };
}
