// The result of checking or writing a brand file, as lines of text. Plain data, no elements.

import type { TeamI18n, TeamWord } from "../words/team.ts";

/** A problem in the server's words. */
export interface Problem {
  file: string;
  problem: string;
  severity: "error" | "warning";
  product: string | null;
  field: string | null;
}

/** The response to an uploaded brand file. */
export interface Trial {
  file: string;
  dry_run: boolean;
  brand: { id: string; name: string } | null;
  products: number;
  added: string[];
  changed: string[];
  removed: string[];
  /** The totals: the lists are truncated. */
  totals: { added: number; changed: number; removed: number };
  clashes: { id: string; file: string }[];
  problems: Problem[];
  problems_total: number;
  /** Why it would not be written. */
  refused: string | null;
  written: boolean;
  /** The file with the previous content. */
  before: string | null;
  /** Why the previous catalog stays in use nevertheless. */
  kept: string | null;
  version: string;
}

/** A sentence about the result, and its items. */
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

/** True if the file may be written: the server does not refuse it, and it changes something. */
export function mayWrite(trial: Trial): boolean {
  return trial.dry_run && trial.refused === null;
}

export function linesOf(trial: Trial, i18n: TeamI18n): Line[] {
  const number = new Intl.NumberFormat(i18n.language);
  const { refused, kept, totals, clashes, problems, problems_total, brand, products } = trial;
  const lines: Line[] = [];
  const add = (is: Line["is"], words: string, things: string[] = []): void => {
    lines.push({ is, words, things });
  };
  if (trial.written) add("good", i18n.t("admin_file_written", { file: trial.file }));
  if (trial.before !== null) add("plain", i18n.t("admin_file_before", { file: trial.before }));
  if (refused !== null) add("bad", i18n.t("admin_file_refused", { reason: refused }));
  if (kept !== null) add("bad", i18n.t("admin_catalog_kept", { reason: kept }));
  if (brand !== null) add("plain", i18n.t("admin_file_brand", { brand: brand.name, products: number.format(products) }));
  const moved = CHANGES.filter(([what]) => totals[what] > 0);
  if (moved.length === 0) add("plain", i18n.t("admin_file_same"));
  for (const [what, word] of moved) {
    // Customers still ask about removed products.
    add(what === "removed" ? "bad" : "plain", i18n.t(word, { n: number.format(totals[what]) }), cut(trial[what], totals[what]));
  }
  if (clashes.length > 0) {
    add("bad", i18n.t("admin_file_clashes", { n: number.format(clashes.length) }), clashes.map(({ id, file }) => `${id} (${file})`));
  }
  if (problems_total > 0) {
    const worst = problems.some(({ severity }) => severity === "error") ? "bad" : "plain";
    add(worst, i18n.t("admin_problems_n", { n: number.format(problems_total) }), cut(problems.map(({ problem }) => problem), problems_total));
  }
  return lines;
}

/** Name of the file in the catalog folder: that of the selected file. */
export function nameOf(file: string): string {
  const name = file.replace(/^.*[/\\]/, "").trim();
  return name === "" || /\.json$/i.test(name) ? name : `${name}.json`;
}

function cut(things: string[], total: number): string[] {
  return total > things.length ? [...things, "…"] : things;
}
