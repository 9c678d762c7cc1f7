// A small column chart over time, and the same data as a table.
//
// The columns are an image with a name and stretch with their container; numbers and dates are text beside it, so
// that they keep their size. Time runs in the direction of the page: from right to left in Hebrew.

import { type Child, el, fill, set } from "../../element.ts";
import type { TeamI18n } from "../../words/team.ts";

const DRAWING = "http://www.w3.org/2000/svg";
/** Width of a column and of the gap on each side, in units of the drawing, which is 100 high. */
const [WIDE, GAP] = [10, 1];
/** Most dates below the columns: more would touch each other on a phone. */
const DATES = 4;

/** A series of the chart. */
export interface Series {
  /** Selects the colour. */
  name: string;
  title: string;
}

export interface Column {
  /** The full date, for the table and the tooltip. */
  when: string;
  /** The short date, below the columns. */
  short: string;
  /** Height of each series, stacked. */
  heights: readonly number[];
  /** Cells of the table after the date. */
  cells: readonly string[];
}

export interface Drawn {
  columns: readonly Column[];
  /** Labels of the scale, from the top down to 0. */
  ticks: readonly number[];
}

export interface Bars {
  element: HTMLElement;
  draw(drawn: Drawn): void;
}

/** `heads` are the column headers of the table, the date first; `beside` goes beside the title. */
export function bars(
  i18n: TeamI18n,
  { title, series, heads, empty }: { title: string; series: readonly Series[]; heads: readonly string[]; empty: string },
  ...beside: Child[]
): Bars {
  const number = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const image = document.createElementNS(DRAWING, "svg");
  const scale = el("div", { class: "bars-scale", "aria-hidden": "true" });
  const dates = el("div", { class: "bars-dates", "aria-hidden": "true" });
  const legend = el(
    "ul",
    { class: "bars-legend", hidden: series.length < 2 },
    ...series.map((one) => el("li", { "data-series": one.name }, one.title)),
  );
  const plot = el("div", { class: "bars-plot" }, scale, image, dates);
  const body = el("tbody");
  const head = el("thead", {}, el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words))));
  const table = el("table", {}, el("caption", { class: "unseen" }, title), head, body);
  // A scrollable region must be reachable by keyboard.
  const scroll = el("div", { class: "bars-table", tabindex: "0", role: "region", "aria-label": title }, table);
  const details = el("details", {}, el("summary", {}, i18n.t("admin_as_table")), scroll);
  const nothing = el("p", { class: "nothing" }, empty);
  const heading = el("div", { class: "part-head" }, el("h2", {}, title), ...beside);
  return {
    element: el("figure", { class: "bars" }, heading, legend, plot, details, nothing),
    draw: ({ columns, ticks }) => {
      const isEmpty = columns.every(({ heights }) => heights.every((height) => height === 0));
      for (const part of [plot, details]) part.hidden = isEmpty;
      legend.hidden = isEmpty || series.length < 2;
      nothing.hidden = !isEmpty;
      const top = ticks[0] ?? 1;
      set(image, {
        class: "bars-image",
        role: "img",
        "aria-label": i18n.t("admin_chart", { title, from: columns[0]?.when ?? "", to: columns.at(-1)?.when ?? "" }),
        viewBox: `0 0 ${columns.length * WIDE} 100`,
        preserveAspectRatio: "none",
      });
      const isRtl = i18n.words.dir === "rtl";
      const groups = columns.map((column, at) => group(column, isRtl ? columns.length - 1 - at : at, series, top));
      fill(image, ...lines(columns.length * WIDE, ticks), ...groups);
      fill(scale, ...ticks.map((tick) => el("span", {}, number.format(tick))));
      fill(dates, ...spread(columns, DATES).map(({ short }) => el("span", {}, short)));
      fill(body, ...columns.map(({ when, cells }) => el("tr", {}, el("th", { scope: "row" }, when), ...cells.map((cell) => el("td", {}, cell)))));
    },
  };
}

/** A scale for the highest value: top, half, 0. Both are whole numbers. */
export function scaleOf(highest: number): number[] {
  let ten = 1;
  for (;;) {
    for (const step of [2, 4, 6, 10]) if (highest <= step * ten) return [step * ten, (step * ten) / 2, 0];
    ten *= 10;
  }
}

/** At most this many items, evenly spaced, including the first and the last. */
export function spread<Item>(all: readonly Item[], most: number): Item[] {
  if (all.length <= most) return [...all];
  const step = (all.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, n) => all[Math.round(n * step)]).filter((item) => item !== undefined);
}

function group({ when, heights, cells }: Column, at: number, series: readonly Series[], top: number): SVGElement {
  const whole = document.createElementNS(DRAWING, "g");
  const words = document.createElementNS(DRAWING, "title");
  words.textContent = `${when}: ${cells.join(" · ")}`;
  // The whole height reacts to the pointer, even for a low column.
  whole.append(words, box("", at * WIDE, 0, WIDE, 100));
  let below = 0;
  heights.forEach((value, n) => {
    const height = Math.min(100 - below, (value / top) * 100);
    below += height;
    if (height > 0) whole.append(box(series[n]?.name ?? "", at * WIDE + GAP, 100 - below, WIDE - 2 * GAP, height));
  });
  return whole;
}

function box(name: string, x: number, y: number, width: number, height: number): SVGElement {
  const rect = document.createElementNS(DRAWING, "rect");
  set(rect, { x, y, width, height, class: name === "" ? "bars-room" : "bars-bar", "data-series": name === "" ? undefined : name });
  return rect;
}

function lines(width: number, ticks: readonly number[]): SVGElement[] {
  const top = ticks[0] ?? 1;
  return ticks.map((tick) => {
    const line = document.createElementNS(DRAWING, "line");
    const y = 100 - (tick / top) * 100;
    set(line, { x1: 0, x2: width, y1: y, y2: y, class: "bars-line" });
    return line;
  });
}
