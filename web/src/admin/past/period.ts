// A span of days that is looked back on: how it is chosen and what it is in milliseconds. Days are those of
// whoever looks, but for the marks, which the archive keeps by the day of UTC.

/** How a period is chosen: so many days up to today, or two days that were named. */
export type Choice = { days: number } | { from: string; to: string };

export interface Period {
  from_ms: number;
  /** The first millisecond after it. */
  to_ms: number;
}

/** The spans that one click chooses, in days. */
export const SPANS = [1, 7, 30] as const;

/** The period of a choice; none where the named days are no days, or in the wrong order. */
export function periodOf(choice: Choice, now: Date): Period | undefined {
  if ("days" in choice) {
    return { from_ms: midnight(now, 1 - choice.days), to_ms: midnight(now, 1) };
  }
  const [from, to] = [dayOf(choice.from), dayOf(choice.to)];
  if (from === undefined || to === undefined || from > to) return undefined;
  return { from_ms: from.getTime(), to_ms: midnight(to, 1) };
}

/** A day as a field of days takes it, `2026-11-25`. */
export function written(day: Date): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** The beginning of a day as a field of days gives it. */
export function dayOf(text: string): Date | undefined {
  const [year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined || date === undefined) return undefined;
  const day = new Date(year, month - 1, date);
  return day.getMonth() === month - 1 ? day : undefined;
}

/** When the day begins that is so many after this one; a day has not always 24 hours. */
function midnight(day: Date, later: number): number {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() + later).getTime();
}
