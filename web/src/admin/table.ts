// A list as a table. Rows are kept between refreshes, so that focus and expanded parts stay.

import { type Child, el, fill } from "../element.ts";
import type { TeamI18n, TeamWord } from "../words/team.ts";

export interface Column<Row> {
  /** Name for the stylesheet: `col-name`. */
  name: string;
  word: TeamWord;
  /** Alignment: a number at the end, an id or a path from left to right in every language. */
  as?: "number" | "code";
  /** The text of the cell … */
  text?: (row: Row) => string;
  /** … or its element: created once per row, from the row's current data. */
  make?: (latest: () => Row) => Made<Row>;
}

/** The content of a cell that is not text. */
export interface Made<Row> {
  element: HTMLElement;
  /** Draws the part that may change. */
  draw?: (row: Row) => void;
}

export interface TableOf<Row> {
  /** The caption for screen readers. */
  caption: string;
  /** The columns; the first one is the row header. */
  columns: readonly Column<Row>[];
  /** The key of a row. */
  key: (row: Row) => string;
  /** A state for the stylesheet: `up`, `restarting`, `gave_up`. */
  state?: (row: Row) => string;
  /** The text instead of an empty table. */
  empty: TeamWord;
}

export interface Table<Row> {
  element: HTMLElement;
  draw(rows: readonly Row[]): void;
}

export function table<Row>(i18n: TeamI18n, { caption, columns, key, state, empty }: TableOf<Row>): Table<Row> {
  // A narrow window shows the rows as cards; the roles keep them a table for screen readers.
  const heads = columns.map(({ name, word, as }) =>
    el("th", { role: "columnheader", scope: "col", class: `col-${name}`, "data-as": as }, i18n.t(word)),
  );
  const body = el("tbody", { role: "rowgroup" });
  const whole = el(
    "table",
    { class: "grid", role: "table", hidden: true },
    el("caption", { class: "unseen" }, caption),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
    body,
  );
  const nothing = el("p", { class: "nothing", hidden: true }, i18n.t(empty));
  const lines = new Map<string, Line<Row>>();

  return {
    element: el("div", { class: "listing" }, whole, nothing),
    draw: (rows) => {
      whole.hidden = rows.length === 0;
      nothing.hidden = rows.length > 0;
      const keys = new Set(rows.map(key));
      for (const [name, line] of lines) {
        if (keys.has(name)) continue;
        line.element.remove();
        lines.delete(name);
      }
      rows.forEach((row, at) => {
        const line = lines.get(key(row)) ?? lineOf(i18n, columns, row);
        lines.set(key(row), line);
        line.draw(row);
        const current = state?.(row);
        if (current !== undefined) line.element.dataset.state = current;
        if (body.children[at] !== line.element) body.insertBefore(line.element, body.children[at] ?? null);
      });
    },
  };
}

interface Line<Row> {
  element: HTMLElement;
  draw(row: Row): void;
}

function lineOf<Row>(i18n: TeamI18n, columns: readonly Column<Row>[], first: Row): Line<Row> {
  let latest = first;
  const element = el("tr", { role: "row" });
  const draws: ((row: Row) => void)[] = [];
  columns.forEach(({ name, word, as, text, make }, at) => {
    const common = { class: `col-${name}`, "data-label": i18n.t(word), "data-as": as };
    const cell = at === 0 ? el("th", { role: "rowheader", scope: "row", ...common }) : el("td", { role: "cell", ...common });
    element.append(cell);
    if (make !== undefined) {
      const made = make(() => latest);
      cell.append(made.element);
      if (made.draw !== undefined) draws.push(made.draw);
      return;
    }
    const content = as === "code" ? el("bdi", { dir: "ltr" }) : el("bdi");
    cell.append(content);
    draws.push((row) => {
      write(content, text?.(row) ?? "");
    });
  });
  return {
    element,
    draw: (row) => {
      latest = row;
      for (const draw of draws) draw(row);
    },
  };
}

/** Does not touch an unchanged text, so that a selection stays. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Replaces the content only if its text changed. */
export function rewrite(element: Element, ...children: Child[]): void {
  const text = children.map((child) => (typeof child === "string" ? child : (child?.textContent ?? ""))).join("");
  if (element.textContent !== text) fill(element, ...children);
}
