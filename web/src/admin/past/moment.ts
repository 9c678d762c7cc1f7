// When, as the page about the past says it.

import type { TeamVoice } from "../../words/team.ts";

/** The day and the time of it. */
export function momentOf(voice: TeamVoice, at_ms: number): string {
  return new Intl.DateTimeFormat(voice.language, { dateStyle: "medium", timeStyle: "short" }).format(at_ms);
}

/** A time to the first word, in the unit that fits. */
export function shortly(voice: TeamVoice, ms: number): string {
  const [n, unit] = ms < 1000 ? [Math.round(ms), "millisecond"] : [ms / 1000, "second"];
  return new Intl.NumberFormat(voice.language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(n);
}
