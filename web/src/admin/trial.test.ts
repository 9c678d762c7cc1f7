import { expect, test } from "vitest";
import { teamI18nOf } from "../words/team.ts";
import { linesOf, mayWrite, nameOf, type Trial } from "./trial.ts";

const i18n = teamI18nOf("en");
const calm: Trial = {
  file: "zohari.json",
  dry_run: true,
  brand: { id: "zohari", name: "Zohari" },
  products: 11,
  added: [],
  changed: [],
  removed: [],
  totals: { added: 0, changed: 0, removed: 0 },
  clashes: [],
  problems: [],
  problems_total: 0,
  refused: null,
  written: false,
  before: null,
  kept: null,
  version: "0184",
};
const lines = (more: Partial<Trial>): [string, string][] => linesOf({ ...calm, ...more }, i18n).map(({ is, words }) => [is, words]);

test("a file that is there word for word changes nothing, and says so", () => {
  expect(lines({}).at(-1)).toEqual(["plain", "It changes no product."]);
});

test("what is added, changed and removed is counted whole and named as far as it was sent", () => {
  const trial = { ...calm, added: ["a"], removed: ["b", "c"], totals: { added: 1, changed: 0, removed: 900 } };
  const lines = linesOf(trial, i18n).slice(1);
  expect(lines.map(({ is, words }) => [is, words])).toEqual([["plain", "Added: 1"], ["bad", "Removed: 900"]]);
  expect(lines.map(({ things }) => things)).toEqual([["a"], ["b", "c", "…"]]);
});

test("what is refused says why, and may not be written", () => {
  const refused = { ...calm, refused: "the file is no JSON", brand: null };
  expect(lines(refused)[0]).toEqual(["bad", "The file would be rejected: the file is no JSON"]);
  expect([mayWrite(calm), mayWrite(refused), mayWrite({ ...calm, dry_run: false })]).toEqual([true, false, false]);
});

test("a problem that leaves something out is bad, one that only looks wrong is not", () => {
  const problem = { file: "zohari.json", problem: "zohari.json: no price", product: null, field: null };
  const warned = lines({ problems: [{ ...problem, severity: "warning" }], problems_total: 1 });
  const failed = lines({ problems: [{ ...problem, severity: "error" }], problems_total: 1 });
  expect([warned.at(-1)?.[0], failed.at(-1)?.[0]]).toEqual(["plain", "bad"]);
});

test("a file that was written says what keeps the one before", () => {
  expect(lines({ written: true, dry_run: false, before: "zohari.json.before" }).slice(0, 2)).toEqual([
    ["good", "Written: zohari.json"],
    ["plain", "The previous file is kept as zohari.json.before."],
  ]);
});

test("a file is called as it was chosen, without the way to it", () => {
  expect([nameOf("C:\\fakepath\\zohari.json"), nameOf("zohari"), nameOf("")]).toEqual(["zohari.json", "zohari.json", ""]);
});
