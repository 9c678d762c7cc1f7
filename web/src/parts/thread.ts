// The thread: turns and, between them, the messages with an agent.

import { turnPart } from "../answer/turn.ts";
import { el } from "../element.ts";
import { entryPart } from "../handoff/entry.ts";
import type { Entry } from "../handoff/state.ts";
import { type ProductChange, rowOfEntry, rowOfTurn, type State, type Turn } from "../state.ts";
import type { Maker, Part } from "./part.ts";

type Row = { turn: Turn } | { entry: Entry } | { change: ProductChange };

export interface Thread extends Part {
  /** The element of a row by its name (see `rowOfTurn` and `rowOfEntry`). */
  row: (name: string) => HTMLElement | undefined;
}

export function thread(maker: Maker): Thread {
  const element = el("ol", { class: "thread" });
  const parts = new Map<string, { element: HTMLElement; update: (row: Row) => void }>();
  let drawn: Pick<State, "turns" | "handoff" | "changes"> | undefined;
  return {
    element,
    row: (name) => parts.get(name)?.element,
    update: ({ turns, handoff, changes }) => {
      const { entries } = handoff;
      if (drawn?.turns === turns && drawn.handoff.entries === entries && drawn.changes === changes) return;
      drawn = { turns, handoff, changes };
      const rows: [number, string, Row][] = [
        ...turns.map((turn): [number, string, Row] => [turn.at, rowOfTurn(turn.id), { turn }]),
        ...entries.map((entry): [number, string, Row] => [entry.at, rowOfEntry(entry.key), { entry }]),
        ...changes.map((change): [number, string, Row] => [change.at, `product ${change.at} ${change.product.id}`, { change }]),
      ];
      rows.sort(([one], [other]) => one - other);
      element.hidden = rows.length === 0;
      const keys = new Set(rows.map(([, key]) => key));
      for (const [key, part] of parts) {
        if (keys.has(key)) continue;
        part.element.remove();
        parts.delete(key);
      }
      rows.forEach(([, key, row], place) => {
        const part = parts.get(key) ?? made(row, maker);
        parts.set(key, part);
        // Only new or moved elements are inserted: the others keep their focus.
        if (element.children[place] !== part.element) element.insertBefore(part.element, element.children[place] ?? null);
        part.update(row);
      });
    },
  };
}

function made(first: Row, maker: Maker): { element: HTMLElement; update: (row: Row) => void } {
  if ("change" in first) {
    const { name } = first.change.product;
    // A list item with text, so that screen readers read it in order.
    const element = el("li", { class: "product-change" }, el("span", {}, maker.i18n.t("product_change"), " ", el("bdi", {}, name)));
    return { element, update: () => undefined };
  }
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
