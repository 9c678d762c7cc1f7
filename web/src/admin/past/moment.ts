// Formats times for the pages about the past.

import type { TeamVoice } from "../../words/team.ts";

/** Date and time. */
export function momentOf(voice: TeamVoice, at_ms: number): string {
  return new Intl.DateTimeFormat(voice.language, { dateStyle: "medium", timeStyle: "short" }).format(at_ms);
}

/** A time to the first words, in the unit that fits. */
export function shortly(voice: TeamVoice, ms: number): string {
  const [n, unit] = ms < 1000 ? [Math.round(ms), "millisecond"] : [ms / 1000, "second"];
  return new Intl.NumberFormat(voice.language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(n);
}
