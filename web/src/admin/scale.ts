// Maps values to positions in a chart: the ticks of its axes, the segments of its lines. Pure functions, no elements.

import type { Points } from "./series.ts";

/** The area of a drawing, in pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The ticks of a value axis, from 0 upwards; the last is at or above the greatest value. Few, at round numbers. */
export function ticksOf(greatest: number, unit: string): number[] {
  // A share is a part of a whole, so the axis always shows the whole.
  if (unit === "share") return [0, 0.25, 0.5, 0.75, 1];
  const isCounted = unit !== "ms" && unit !== "1/s" && unit !== "bytes";
  const least = isCounted ? 4 : unit === "bytes" ? 1000 : Number.MIN_VALUE;
  const top = greatest > 0 ? Math.max(greatest, least) : isCounted ? 4 : 1;
  const step = roundStep(top / 4, isCounted);
  const count = Math.max(1, Math.ceil(top / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** The next of 1, 2, 5, 10 … that is not smaller; a whole number for counted things. */
function roundStep(least: number, isWhole: boolean): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= least * (1 - 1e-9)) ?? least;
  return isWhole ? Math.max(1, Math.ceil(step)) : step;
}

/** The greatest value of some lines; 0 if they have none. */
export function maximumOf(lines: readonly Points[]): number {
  return Math.max(0, ...lines.flatMap((points) => points.filter((value) => value !== null)));
}

/** Horizontal position of a point. */
export function xOf(at: number, count: number, box: Box): number {
  return box.left + (count < 2 ? box.width : (at / (count - 1)) * box.width);
}

/** Vertical position of a value. */
export function yOf(value: number, top: number, box: Box): number {
  return box.top + box.height - (top === 0 ? 0 : Math.min(1, value / top) * box.height);
}

/** The segments of a line: it has a gap where there is no value. A single value is a segment of one. */
export function segmentsOf(points: Points): { from: number; values: number[] }[] {
  const runs: { from: number; values: number[] }[] = [];
  let open: { from: number; values: number[] } | undefined;
  points.forEach((value, at) => {
    if (value === null) {
      open = undefined;
      return;
    }
    if (open === undefined) {
      open = { from: at, values: [] };
      runs.push(open);
    }
    open.values.push(value);
  });
  return runs;
}

/** A line as a path, with an `M` for every segment. */
export function pathOf(points: Points, top: number, box: Box): string {
  const round = (n: number): string => n.toFixed(1);
  return segmentsOf(points)
    .map(({ from, values }) => {
      const places = values.map((value, at) => `${round(xOf(from + at, points.length, box))} ${round(yOf(value, top, box))}`);
      return `M${places.join("L")}`;
    })
    .join("");
}

/** The point that is nearest to a horizontal position. */
export function nearest(x: number, count: number, box: Box): number {
  if (count < 2 || box.width <= 0) return 0;
  const at = Math.round(((x - box.left) / box.width) * (count - 1));
  return Math.min(count - 1, Math.max(0, at));
}

/** Time of a point, counted back from the newest. */
export function timeOf(at: number, count: number, { now_ms, step_ms }: { now_ms: number; step_ms: number }): number {
  return now_ms - (count - 1 - at) * step_ms;
}
