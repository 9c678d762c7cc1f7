// Formats times for the pages about the past.

import type { TeamI18n } from "../../words/team.ts";

/** Date and time. */
export function momentOf(i18n: TeamI18n, at_ms: number): string {
  return new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" }).format(at_ms);
}

/** A time to the first words, in the unit that fits. */
export function shortly(i18n: TeamI18n, ms: number): string {
  const [n, unit] = ms < 1000 ? [Math.round(ms), "millisecond"] : [ms / 1000, "second"];
  return new Intl.NumberFormat(i18n.language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(n);
}
