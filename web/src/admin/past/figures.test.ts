import { expect, test } from "vitest";
import type { Snapshot } from "../../wire/past.ts";
import { about, isByHour, ratingDaysOf, stepsOf, totalsOf } from "./figures.ts";
import { periodOf } from "./period.ts";

const now = new Date(2026, 10, 25, 9, 30);
const at = (date: number, hour: number): number => new Date(2026, 10, date, hour).getTime();

function line(hour_ms: number, more: Partial<Snapshot> = {}): Snapshot {
  const none = { conversations: 0, questions: 0, answered: 0, unknown: 0, handed_over: 0, cache_hits: 0 };
  return { hour_ms, product: "", ...none, timed: 0, first_answer_ms_sum: 0, first_answer_ms_most: 0, ratings: 0, rating_sum: 0, ...more };
}

test("the totals are those of the total line, since a conversation counts for each of its products", () => {
  const lines = [
    line(at(25, 8), { conversations: 1, questions: 2 }),
    line(at(25, 8), { product: "kettle", conversations: 1, questions: 1 }),
    line(at(25, 8), { product: "mill", conversations: 1, questions: 1 }),
  ];
  expect(totalsOf(about(lines, "")).conversations).toBe(1);
  expect(totalsOf(about(lines, "mill")).questions).toBe(1);
});

test("shares are of questions and conversations, and times of what was timed", () => {
  const lines = [
    line(at(25, 8), { conversations: 4, questions: 8, answered: 6, unknown: 1, handed_over: 1, cache_hits: 2, timed: 1, first_answer_ms_sum: 30, first_answer_ms_most: 30 }),
    line(at(25, 9), { timed: 2, first_answer_ms_sum: 300, first_answer_ms_most: 200, ratings: 2, rating_sum: 9 }),
  ];
  const totals = totalsOf(lines);
  expect([totals.answeredShare, totals.unknownShare, totals.handedShare, totals.cachedShare]).toEqual([0.75, 0.125, 0.25, 0.25]);
  expect([totals.firstMean, totals.firstMost, totals.ratingMean]).toEqual([110, 200, 4.5]);
});

test("where nothing happened there are no shares, times or marks", () => {
  const { answeredShare, firstMean, firstMost, ratingMean, questions } = totalsOf([]);
  expect([answeredShare, firstMean, firstMost, ratingMean, questions]).toEqual([undefined, undefined, undefined, undefined, 0]);
});

test("a week is shown by its days and a day by its hours, the empty ones too", () => {
  const week = periodOf({ days: 7 }, now) ?? { from_ms: 0, to_ms: 0 };
  const lines = [line(at(20, 3), { questions: 1 }), line(at(20, 23), { questions: 2, answered: 2 }), line(at(1, 1), { questions: 9 })];
  const days = stepsOf(lines, week);
  expect(days.map((step) => step.questions)).toEqual([0, 3, 0, 0, 0, 0, 0]);
  const today = periodOf({ days: 1 }, now) ?? { from_ms: 0, to_ms: 0 };
  expect(isByHour(today) && !isByHour(week)).toBe(true);
  const hours = stepsOf([line(at(25, 7), { questions: 5 })], today);
  expect([hours.length, hours[7]?.questions]).toEqual([24, 5]);
});

test("a day without a mark has no mean", () => {
  const DAY = 86_400_000;
  const days = ratingDaysOf([{ day_ms: 2 * DAY, ratings: 2, rating_sum: 7 }], { from_ms: DAY + 5, to_ms: 3 * DAY });
  expect(days).toEqual([
    { at_ms: DAY, ratings: 0, mean: undefined },
    { at_ms: 2 * DAY, ratings: 2, mean: 3.5 },
  ]);
});
