import { expect, test } from "vitest";
import { dayOf, periodOf, written } from "./period.ts";

const now = new Date(2026, 10, 25, 9, 30);
const day = (month: number, date: number): number => new Date(2026, month - 1, date).getTime();

test("today is the whole day, and seven days are today and the six before", () => {
  expect(periodOf({ days: 1 }, now)).toEqual({ from_ms: day(11, 25), to_ms: day(11, 26) });
  expect(periodOf({ days: 7 }, now)).toEqual({ from_ms: day(11, 19), to_ms: day(11, 26) });
  expect(periodOf({ days: 30 }, now)?.from_ms).toBe(day(10, 27));
});

test("both named days are in the period", () => {
  expect(periodOf({ from: "2026-03-01", to: "2026-03-01" }, now)).toEqual({ from_ms: day(3, 1), to_ms: day(3, 2) });
});

test("what is no day, or ends before it begins, is no period", () => {
  for (const [from, to] of [["", ""], ["2026-02-30", "2026-03-01"], ["2026-03-02", "2026-03-01"]] as const) {
    expect(periodOf({ from, to }, now)).toBeUndefined();
  }
});

test("a day is written as it is read", () => {
  expect(written(now)).toBe("2026-11-25");
  expect(dayOf("2026-11-25")?.getTime()).toBe(day(11, 25));
});
