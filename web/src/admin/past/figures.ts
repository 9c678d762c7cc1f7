// Sums and shares of the analytics. Plain data, no elements.

import type { RatingsOfADay, Snapshot } from "../../wire/past.ts";
import type { Period } from "./period.ts";

export interface Totals {
  conversations: number;
  questions: number;
  answered: number;
  unknown: number;
  handed_over: number;
  cache_hits: number;
  /** Share of the questions, 0 to 1; none without a question. */
  answeredShare: number | undefined;
  unknownShare: number | undefined;
  /** Share of the conversations. */
  handedShare: number | undefined;
  /** Share of the answers. */
  cachedShare: number | undefined;
  /** Mean time to the first words, in milliseconds; none without a measurement. */
  firstMean: number | undefined;
  firstMost: number | undefined;
  ratings: number;
  ratingMean: number | undefined;
}

/** A step of time: its first millisecond and its figures. */
export interface Step {
  at_ms: number;
  questions: number;
  answered: number;
  unknown: number;
}

/** The ratings of a day. */
export interface RatingDay {
  at_ms: number;
  ratings: number;
  /** Undefined on a day without a rating. */
  mean: number | undefined;
}

/**
 * The rows of a product, or those of the totals. A conversation counts in the row of each of its products, so the
 * rows of products must never be added up to a total.
 */
export function about(snapshots: readonly Snapshot[], product: string): Snapshot[] {
  return snapshots.filter((line) => line.product === product);
}

export function totalsOf(lines: readonly Snapshot[]): Totals {
  const sum = (of: (line: Snapshot) => number): number => lines.reduce((total, line) => total + of(line), 0);
  const conversations = sum((line) => line.conversations);
  const questions = sum((line) => line.questions);
  const answered = sum((line) => line.answered);
  const unknown = sum((line) => line.unknown);
  const handed_over = sum((line) => line.handed_over);
  const cache_hits = sum((line) => line.cache_hits);
  const timed = sum((line) => line.timed);
  const ratings = sum((line) => line.ratings);
  return {
    conversations,
    questions,
    answered,
    unknown,
    handed_over,
    cache_hits,
    answeredShare: share(answered, questions),
    unknownShare: share(unknown, questions),
    handedShare: share(handed_over, conversations),
    cachedShare: share(cache_hits, questions),
    firstMean: share(sum((line) => line.first_answer_ms_sum), timed),
    firstMost: timed === 0 ? undefined : Math.max(...lines.map((line) => line.first_answer_ms_most)),
    ratings,
    ratingMean: share(sum((line) => line.rating_sum), ratings),
  };
}

/** The steps of a period, including empty ones: hours for a day or two, else local days. */
export function stepsOf(lines: readonly Snapshot[], period: Period): Step[] {
  const byHour = isByHour(period);
  const steps = new Map(begins(period, byHour).map((at_ms) => [at_ms, { at_ms, questions: 0, answered: 0, unknown: 0 }]));
  for (const line of lines) {
    const step = steps.get(byHour ? begun(line.hour_ms, true) : begun(line.hour_ms, false));
    if (step === undefined) continue;
    step.questions += line.questions;
    step.answered += line.answered;
    step.unknown += line.unknown;
  }
  return [...steps.values()];
}

/** True for a period so short that its hours are shown and not its days. */
export function isByHour({ from_ms, to_ms }: Period): boolean {
  return to_ms - from_ms <= 50 * 3_600_000; // Two days, one of which may have 25 hours.
}

/** Every day (UTC) of a period, including those without a rating. */
export function ratingDaysOf(ratings: readonly RatingsOfADay[], { from_ms, to_ms }: Period): RatingDay[] {
  const DAY = 86_400_000;
  const known = new Map(ratings.map((day) => [day.day_ms, day]));
  const days: RatingDay[] = [];
  for (let at_ms = Math.floor(from_ms / DAY) * DAY; at_ms < to_ms; at_ms += DAY) {
    const day = known.get(at_ms);
    days.push({ at_ms, ratings: day?.ratings ?? 0, mean: share(day?.rating_sum ?? 0, day?.ratings ?? 0) });
  }
  return days;
}

function begins({ from_ms, to_ms }: Period, byHour: boolean): number[] {
  const all: number[] = [];
  // By the calendar, because a day may have 23 or 25 hours.
  for (let at = begun(from_ms, byHour); at < to_ms; at = next(at, byHour)) all.push(at);
  return all;
}

function begun(at_ms: number, hour: boolean): number {
  const at = new Date(at_ms);
  return hour ? at.setMinutes(0, 0, 0) : at.setHours(0, 0, 0, 0);
}

function next(at_ms: number, hour: boolean): number {
  if (hour) return at_ms + 3_600_000;
  const at = new Date(at_ms);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1).getTime();
}

function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
