// What a brand file would do to the catalog, or did, as lines to be read. Plain data, no element.

import type { TeamVoice, TeamWord } from "../words/team.ts";

/** Something that is wrong, as the server says it. */
export interface Problem {
  file: string;
  problem: string;
  severity: "error" | "warning";
  product: string | null;
  field: string | null;
}

/** The answer to a brand file that was sent. */
export interface Trial {
  file: string;
  dry_run: boolean;
  brand: { id: string; name: string } | null;
  products: number;
  added: string[];
  changed: string[];
  removed: string[];
  /** How many there are in all: the lists are cut. */
  totals: { added: number; changed: number; removed: number };
  clashes: { id: string; file: string }[];
  problems: Problem[];
  problems_total: number;
  /** Why it would not be written. */
  refused: string | null;
  written: boolean;
  /** The file that keeps what stood there before. */
  before: string | null;
  /** Why the catalog in force is an older one all the same. */
  kept: string | null;
  version: string;
}

/** One sentence about a trial, and what it is about, one by one. */
export interface Line {
  is: "good" | "bad" | "plain";
  words: string;
  things: string[];
}

const CHANGES = [
  ["added", "admin_file_added"],
  ["changed", "admin_file_changed"],
  ["removed", "admin_file_removed"],
] as const satisfies readonly (readonly [keyof Trial["totals"], TeamWord])[];

/** True when the file may be written: the server does not refuse it, and it changes something. */
export function mayWrite(trial: Trial): boolean {
  return trial.dry_run && trial.refused === null;
}

export function linesOf(trial: Trial, voice: TeamVoice): Line[] {
  const number = new Intl.NumberFormat(voice.language);
  const { refused, kept, totals, clashes, problems, problems_total, brand, products } = trial;
  const lines: Line[] = [];
  const say = (is: Line["is"], words: string, things: string[] = []): void => {
    lines.push({ is, words, things });
  };
  if (trial.written) say("good", voice.say("admin_file_written", { file: trial.file }));
  if (trial.before !== null) say("plain", voice.say("admin_file_before", { file: trial.before }));
  if (refused !== null) say("bad", voice.say("admin_file_refused", { reason: refused }));
  if (kept !== null) say("bad", voice.say("admin_catalog_kept", { reason: kept }));
  if (brand !== null) say("plain", voice.say("admin_file_brand", { brand: brand.name, products: number.format(products) }));
  const moved = CHANGES.filter(([what]) => totals[what] > 0);
  if (moved.length === 0) say("plain", voice.say("admin_file_same"));
  for (const [what, word] of moved) {
    // What is taken away is asked about by customers still.
    say(what === "removed" ? "bad" : "plain", voice.say(word, { n: number.format(totals[what]) }), cut(trial[what], totals[what]));
  }
  if (clashes.length > 0) {
    say("bad", voice.say("admin_file_clashes", { n: number.format(clashes.length) }), clashes.map(({ id, file }) => `${id} (${file})`));
  }
  if (problems_total > 0) {
    const worst = problems.some(({ severity }) => severity === "error") ? "bad" : "plain";
    say(worst, voice.say("admin_problems_n", { n: number.format(problems_total) }), cut(problems.map(({ problem }) => problem), problems_total));
  }
  return lines;
}

/** The name a file has in the catalog folder: that of the file which was chosen. */
export function nameOf(file: string): string {
  const name = file.replace(/^.*[/\\]/, "").trim();
  return name === "" || /\.json$/i.test(name) ? name : `${name}.json`;
}

function cut(things: string[], total: number): string[] {
  return total > things.length ? [...things, "…"] : things;
}
