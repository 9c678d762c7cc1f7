// A chart: lines over the last ten minutes, with axes, the value at the pointer, and a table.
//
// Drawn with attributes only: the page's policy allows no inline styles. Time runs from left to right in every
// language, as the numbers on the axes do.

import { el, fill, set } from "../element.ts";
import type { TeamI18n, TeamWord } from "../words/team.ts";
import { clock, quantity } from "./figures.ts";
import { xOf, type Box, maximumOf, yOf, ticksOf, nearest, pathOf, segmentsOf, timeOf } from "./scale.ts";
import { type Charts, seriesOf } from "./series.ts";
import { write } from "./table.ts";

export interface ChartOf {
  title: TeamWord;
  /** The lines; `word` is none for a single line, which the title names. */
  lines: readonly { name: string; word?: TeamWord }[];
}

export interface Chart {
  element: HTMLElement;
  draw: (charts: Charts) => void;
  close: () => void;
}

const HEIGHT = 168;
/** Room for the tick labels, in pixels. */
const LEFT = 58;
const BELOW = 22;
const ABOVE = 8;
const RIGHT = 10;
/** Time between two ticks, in milliseconds. */
const MARK_MS = 120_000;
/** Points per larger keyboard step: a minute. */
const LEAP = 12;

export function chart(i18n: TeamI18n, { title, lines }: ChartOf): Chart {
  const { language } = i18n;
  const names = lines.map(({ word }) => i18n.t(word ?? title));
  const heading = el("h2", {}, i18n.t(title));
  const values = lines.map((_, at) => el("bdi", { class: "chart-value", "data-line": at }));
  const when = el("span", { class: "chart-when" });
  const legend = el(
    "p",
    { class: "chart-legend" },
    ...values.map((value, at) => el("span", { class: "chart-line" }, swatch(at), lines.length > 1 ? `${names[at] ?? ""} ` : undefined, value)),
    when,
  );
  const svg = drawing("svg", { class: "chart-drawing", height: HEIGHT, "aria-hidden": "true", focusable: "false" });
  const plot = el(
    "div",
    { class: "chart-plot", role: "slider", tabindex: 0, dir: "ltr", "aria-label": `${i18n.t(title)}: ${i18n.t("admin_chart_point")}`, "aria-valuemin": 0, "aria-valuemax": 0, "aria-valuenow": 0 },
  );
  plot.append(svg);
  const rows = el("tbody");
  const heads = [i18n.t("admin_time"), ...names].map((words) => el("th", { scope: "col" }, words));
  const tableBox = el(
    "div",
    { class: "chart-table", tabindex: 0, role: "region", "aria-label": i18n.t(title) },
    el("table", {}, el("caption", { class: "unseen" }, i18n.t(title)), el("thead", {}, el("tr", {}, ...heads)), rows),
  );
  const alternative = el("details", { class: "chart-as-table" }, el("summary", {}, i18n.t("admin_as_table")), tableBox);
  const element = el("figure", { class: "chart-of panel" }, heading, legend, plot, alternative);

  let latest: Charts | undefined;
  /** The point at the pointer; none is the newest. */
  let pointed: number | undefined;
  let drawnRows = 0;

  const count = (): number => Math.max(0, ...own().map(({ points }) => points.length));
  const own = (): { unit: string; points: readonly (number | null)[] }[] =>
    lines.map(({ name }) => (latest === undefined ? undefined : seriesOf(latest, name)) ?? { unit: "", points: [] });
  const boxOf = (): Box => ({ left: LEFT, top: ABOVE, width: Math.max(40, plot.clientWidth - LEFT - RIGHT), height: HEIGHT - ABOVE - BELOW });
  const valueText = (value: number | null | undefined, unit: string): string =>
    value === null || value === undefined ? i18n.t("admin_no_value") : quantity(value, unit, language);

  function redraw(): void {
    if (latest === undefined || plot.clientWidth === 0) return;
    const seen = own();
    const box = boxOf();
    const unit = seen[0]?.unit ?? "";
    const marks = ticksOf(maximumOf(seen.map(({ points }) => points)), unit);
    const top = marks.at(-1) ?? 1;
    const n = count();
    const right = box.left + box.width;
    const parts: SVGElement[] = [];
    for (const mark of marks) {
      const y = yOf(mark, top, box);
      parts.push(drawing("line", { class: "chart-rule", x1: box.left, x2: right, y1: y, y2: y }));
      parts.push(label(box.left - 6, y + 4, "end", quantity(mark, unit, language)));
    }
    const { now_ms, step_ms } = latest;
    const minutes = new Intl.RelativeTimeFormat(language, { style: "narrow" });
    for (let ago = 0; ago <= (n - 1) * step_ms; ago += MARK_MS) {
      const x = xOf(n - 1 - ago / step_ms, n, box);
      const words = ago === 0 ? i18n.t("admin_now") : minutes.format(-ago / 60_000, "minute");
      parts.push(drawing("line", { class: "chart-tick", x1: x, x2: x, y1: box.top + box.height, y2: box.top + box.height + 4 }));
      parts.push(label(x, HEIGHT - 5, ago === 0 ? "end" : "middle", words));
    }
    seen.forEach(({ points }, line) => {
      parts.push(drawing("path", { class: "chart-path", "data-line": line, d: pathOf(points, top, box) }));
      // A single value makes no line.
      for (const { from, values } of segmentsOf(points)) {
        if (values.length === 1) parts.push(dot(xOf(from, n, box), yOf(values[0] ?? 0, top, box), line, 2.5));
      }
    });
    const at = pointed === undefined ? undefined : Math.min(pointed, n - 1);
    if (at !== undefined) {
      const x = xOf(at, n, box);
      parts.push(drawing("line", { class: "chart-cursor", x1: x, x2: x, y1: box.top, y2: box.top + box.height }));
      seen.forEach(({ points }, line) => {
        const value = points[at];
        if (typeof value === "number") parts.push(dot(x, yOf(value, top, box), line, 3.5));
      });
    }
    set(svg, { width: plot.clientWidth, viewBox: `0 0 ${plot.clientWidth} ${HEIGHT}` });
    svg.replaceChildren(...parts);
    speak(seen, at ?? n - 1, n, timeOf(at ?? n - 1, n, { now_ms, step_ms }));
  }

  function speak(seen: ReturnType<typeof own>, at: number, n: number, time: number): void {
    seen.forEach(({ unit, points }, line) => {
      const value = values[line];
      if (value !== undefined) write(value, valueText(points[at], unit));
    });
    write(when, pointed === undefined ? "" : clock(time, language));
    const words = seen.map(({ unit, points }, line) => `${names[line] ?? ""} ${valueText(points[at], unit)}`).join(", ");
    set(plot, { "aria-valuemax": Math.max(0, n - 1), "aria-valuenow": Math.max(0, at), "aria-valuetext": `${clock(time, language)}: ${words}` });
  }

  /** The table, the newest first. */
  function tabulate(): void {
    if (!alternative.open || latest === undefined || latest.now_ms === drawnRows) return;
    drawnRows = latest.now_ms;
    const seen = own();
    const n = count();
    const charts = latest;
    const line = (at: number): HTMLElement =>
      el("tr", {}, el("th", { scope: "row" }, clock(timeOf(at, n, charts), language)), ...seen.map(({ unit, points }) => el("td", {}, valueText(points[at], unit))));
    fill(rows, ...Array.from({ length: n }, (_, back) => line(n - 1 - back)));
  }

  function point(at: number | undefined): void {
    pointed = at;
    redraw();
  }

  plot.addEventListener("pointermove", (event) => {
    point(nearest(event.clientX - plot.getBoundingClientRect().left, count(), boxOf()));
  });
  plot.addEventListener("pointerleave", () => {
    if (document.activeElement !== plot) point(undefined);
  });
  plot.addEventListener("pointerdown", (event) => {
    point(nearest(event.clientX - plot.getBoundingClientRect().left, count(), boxOf()));
  });
  plot.addEventListener("blur", () => {
    point(undefined);
  });
  plot.addEventListener("keydown", (event) => {
    const last = count() - 1;
    const from = pointed ?? last;
    const to = { ArrowLeft: from - 1, ArrowDown: from - 1, ArrowRight: from + 1, ArrowUp: from + 1, PageDown: from - LEAP, PageUp: from + LEAP, Home: 0, End: last }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    point(Math.min(last, Math.max(0, to)));
  });
  alternative.addEventListener("toggle", tabulate);
  const sizes = new ResizeObserver(redraw);
  sizes.observe(plot);

  return {
    element,
    draw: (charts) => {
      latest = charts;
      redraw();
      tabulate();
    },
    close: () => {
      sizes.disconnect();
    },
  };
}

function swatch(line: number): SVGElement {
  const sign = drawing("svg", { class: "chart-swatch", width: 22, height: 8, viewBox: "0 0 22 8", "aria-hidden": "true" });
  sign.append(drawing("path", { class: "chart-path", "data-line": line, d: "M1 4H21" }));
  return sign;
}

function dot(x: number, y: number, line: number, r: number): SVGElement {
  return drawing("circle", { class: "chart-dot", "data-line": line, cx: x, cy: y, r });
}

function label(x: number, y: number, anchor: string, words: string): SVGElement {
  const text = drawing("text", { class: "chart-label", x, y, "text-anchor": anchor });
  text.textContent = words;
  return text;
}

function drawing(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  return element;
}
