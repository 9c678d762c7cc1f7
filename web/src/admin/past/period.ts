// A period of days: its selection and its limits in milliseconds. Days are local, except for ratings, which the
// archive stores by UTC day.

/** The selection of a period: the last days, or two dates. */
export type Choice = { days: number } | { from: string; to: string };

export interface Period {
  from_ms: number;
  /** The first millisecond after the period. */
  to_ms: number;
}

/** Periods that one click selects, in days. */
export const SPANS = [1, 7, 30] as const;

/** The period of a selection; none if a date is invalid or the order is wrong. */
export function periodOf(choice: Choice, now: Date): Period | undefined {
  if ("days" in choice) {
    return { from_ms: midnight(now, 1 - choice.days), to_ms: midnight(now, 1) };
  }
  const [from, to] = [dayOf(choice.from), dayOf(choice.to)];
  if (from === undefined || to === undefined || from > to) return undefined;
  return { from_ms: from.getTime(), to_ms: midnight(to, 1) };
}

/** A day in the format of a date field, `2026-11-25`. */
export function written(day: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The start of a date field's day. */
export function dayOf(text: string): Date | undefined {
  const [year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const day = new Date(year, month - 1, date);
  return day.getMonth() === month - 1 ? day : undefined;
}

/** The start of the day that is `later` days after this one; a day does not always have 24 hours. */
function midnight(day: Date, later: number): number {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + later).getTime();
}
