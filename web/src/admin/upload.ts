// Uploads a brand file: checked first, written after a confirmation of the result.

import { button, el, fill, set } from "../element.ts";
import type { Answer } from "./api-client.ts";
import { outcome, perform } from "./action.ts";
import type { Desk } from "./section.ts";
import { type Line, linesOf, mayWrite, nameOf, type Trial } from "./trial.ts";

/** Longest wait for a check, in milliseconds: the largest file is transferred and read. */
const TRIAL_MS = 120_000;
/** Items of a line that are visible at once; the others are behind "more". */
const AT_ONCE = 12;

export function upload(desk: Desk): HTMLElement {
  const { i18n, call } = desk;
  const result = outcome();
  const report = el("div", { class: "report", "aria-live": "off" });
  const chosen = el("input", { id: "brand-file", type: "file", accept: ".json,application/json", required: true });
  const name = el("input", { id: "brand-name", type: "text", dir: "ltr", autocomplete: "off", spellcheck: "false", required: true });
  const attempt = el("button", { type: "submit", class: "action" }, i18n.t("admin_file_try"));
  const write = button({ class: "action main", hidden: true }, () => void place(false), i18n.t("admin_file_write"));
  const form = el(
    "form",
    { class: "upload" },
    el("div", { class: "entry" }, el("label", { for: "brand-file" }, i18n.t("admin_file_choose")), chosen),
    el("div", { class: "entry" }, el("label", { for: "brand-name" }, i18n.t("admin_file_name")), name),
    el("div", { class: "actions" }, attempt, write),
  );
  /** Number of the selected file: the result of another file is not written. */
  let version = 0;
  let tried: { trial: Trial; version: number } | undefined;

  const restart = (): void => {
    version += 1;
    tried = undefined;
    result.clear();
    fill(report);
    set(write, { hidden: true });
  };
  chosen.addEventListener("change", () => {
    name.value = nameOf(chosen.value);
    restart();
  });
  name.addEventListener("input", restart);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void place(true);
  });

  async function place(isTrial: boolean): Promise<void> {
    const file = chosen.files?.[0];
    if (file === undefined) return;
    const mine = version;
    const path = `/admin/catalog/files/${encodeURIComponent(name.value.trim())}`;
    const does = (): Promise<Answer<Trial>> => call.put(path, { query: { dry_run: isTrial }, raw: file, patience: TRIAL_MS });
    const success = (trial: Trial): string =>
      trial.written ? i18n.t("admin_file_written", { file: trial.file }) : i18n.t(isTrial ? "admin_file_tried" : "admin_file_not_written");
    const totals = tried?.trial.totals;
    const question = isTrial || totals === undefined ? undefined : {
      title: i18n.t("admin_file_write_title", { file: name.value.trim() }),
      why: i18n.t("admin_file_write_why", { added: totals.added, changed: totals.changed, removed: totals.removed }),
      yes: i18n.t("admin_file_write"),
    };
    const answer = await perform(desk, { pressed: isTrial ? attempt : write, result, ...(question === undefined ? {} : { question }), does, success });
    if (answer === undefined || mine !== version) return;
    if (answer.what !== "seen") return;
    tried = { trial: answer.body, version };
    draw(answer.body);
    if (answer.body.written) desk.look();
  }

  function draw(trial: Trial): void {
    set(write, { hidden: !mayWrite(trial) });
    fill(report, el("ul", {}, ...linesOf(trial, i18n).map(lineOf)));
  }

  function lineOf({ is, words, things }: Line): HTMLElement {
    const item = (thing: string): HTMLElement => el("li", {}, el("bdi", {}, thing));
    const at = things.length <= AT_ONCE
      ? el("ul", { class: "things", hidden: things.length === 0 }, ...things.map(item))
      : el("details", {}, el("summary", {}, i18n.t("admin_file_which")), el("ul", { class: "things" }, ...things.map(item)));
    return el("li", { "data-is": is }, el("p", {}, el("bdi", {}, words)), at);
  }

  return el("div", {}, el("p", { class: "lead" }, i18n.t("admin_file_lead")), form, result.element, report);
}
