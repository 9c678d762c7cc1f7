import { expect, test } from "vitest";
import { xOf, maximumOf, yOf, ticksOf, nearest, pathOf, segmentsOf, timeOf } from "./scale.ts";

const box = { left: 40, top: 10, width: 200, height: 100 };

test("the marks go from nothing to at least the greatest value, in round steps", () => {
  expect(ticksOf(37, "ms")).toEqual([0, 10, 20, 30, 40]);
  expect(ticksOf(0.034, "1/s")).toEqual([0, 0.01, 0.02, 0.03, 0.04]);
  expect(ticksOf(61_000_000, "bytes")).toEqual([0, 20_000_000, 40_000_000, 60_000_000, 80_000_000]);
  for (const greatest of [0.0001, 0.9, 1, 3, 9.99, 10, 11, 999, 1001, 123_456]) {
    const marks = ticksOf(greatest, "ms");
    expect(marks.at(-1), String(greatest)).toBeGreaterThanOrEqual(greatest);
    expect(marks.length, String(greatest)).toBeLessThanOrEqual(6);
  }
});

test("what is counted has whole marks, and a share always shows the whole", () => {
  expect(ticksOf(3, "sessions")).toEqual([0, 1, 2, 3, 4]);
  expect(ticksOf(9, "sessions").every(Number.isInteger)).toBe(true);
  expect(ticksOf(0.02, "share")).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

test("a chart without a value has an axis all the same", () => {
  expect(maximumOf([[null, null], []])).toBe(0);
  expect(ticksOf(0, "sessions")).toEqual([0, 1, 2, 3, 4]);
  expect(ticksOf(0, "ms").at(-1)).toBe(1);
});

test("a line has a gap where there is no value", () => {
  expect(segmentsOf([null, 1, 2, null, 3])).toEqual([{ from: 1, values: [1, 2] }, { from: 4, values: [3] }]);
  expect(pathOf([null, 0, 10, null, 5], 10, box)).toBe("M90.0 110.0L140.0 10.0M240.0 60.0");
  expect(pathOf([null, null], 10, box)).toBe("");
});

test("nothing is drawn outside, whatever comes", () => {
  expect(yOf(50, 10, box)).toBe(10);
  expect(yOf(0, 0, box)).toBe(110);
  expect(xOf(0, 1, box)).toBe(240);
});

test("a place in the chart finds the point next to it, and the point its time", () => {
  expect([0, 40, 138, 240, 999].map((x) => nearest(x, 5, box))).toEqual([0, 0, 2, 4, 4]);
  expect(timeOf(0, 120, { now_ms: 1_000_000, step_ms: 5000 })).toBe(1_000_000 - 119 * 5000);
});
