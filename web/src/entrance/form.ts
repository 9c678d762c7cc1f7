// A form of a few fields that is sent by script: the pages' policy forbids form submission.

import { el, set } from "../element.ts";
import type { Entry } from "../wire/team.ts";
import type { I18n, Word } from "../words/words.ts";

export interface Field {
  name: string;
  label: Word;
  type: "text" | "email" | "password";
  autocomplete: "name" | "username" | "current-password" | "new-password";
  /** The hint below the field. */
  hint?: Word;
  minlength?: number;
}

export interface Form {
  element: HTMLFormElement;
  /** Shows why the sign-in failed; undefined removes it. */
  refuse(entry: Exclude<Entry, { what: "in" }> | undefined): void;
  focus(): void;
}

/** Sends the values; a running request is not repeated. */
export function form(i18n: I18n, fields: readonly Field[], button: Word, send: (filled: ReadonlyMap<string, string>) => Promise<void>): Form {
  const inputs = new Map(fields.map((field) => [field.name, input(field)]));
  const wrong = el("p", { class: "wrong", role: "alert" });
  const submit = el("button", { type: "submit", class: "main" }, i18n.t(button));
  const rows = fields.map((field) => row(i18n, field, inputs.get(field.name)));
  const element = el("form", { class: "fields", novalidate: true }, ...rows, wrong, submit);
  let isUnderWay = false;

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const unfit = [...inputs.values()].find((field) => !field.checkValidity());
    for (const field of inputs.values()) set(field, { "aria-invalid": field.checkValidity() ? undefined : "true" });
    if (unfit !== undefined) {
      wrong.textContent = i18n.t(unfit.value === "" ? "entrance_empty" : unfit.type === "email" ? "entrance_address_form" : "entrance_short");
      unfit.focus();
      return;
    }
    if (isUnderWay) return;
    isUnderWay = true;
    wrong.textContent = "";
    set(submit, { "aria-disabled": "true" });
    void send(new Map([...inputs].map(([name, field]) => [name, field.value]))).finally(() => {
      isUnderWay = false;
      set(submit, { "aria-disabled": undefined });
    });
  });

  return {
    element,
    refuse: (entry) => {
      wrong.textContent = entry === undefined ? "" : why(i18n, entry);
    },
    focus: () => {
      [...inputs.values()][0]?.focus();
    },
  };
}

/** Why the sign-in failed, in the user's language. */
export function why(i18n: I18n, entry: Exclude<Entry, { what: "in" }>): string {
  if (entry.what === "away") return i18n.t("entrance_away");
  if (entry.waitSeconds !== undefined) return i18n.t("entrance_too_many_tries", { n: entry.waitSeconds });
  const word = `entrance_${entry.code}`;
  return i18n.t(word in i18n.words ? (word as Word) : "entrance_internal");
}

function input({ name, type, autocomplete, minlength, hint }: Field): HTMLInputElement {
  return el("input", {
    id: `entrance-${name}`,
    name,
    type,
    autocomplete,
    minlength,
    required: true,
    // Addresses and passwords are left to right in every language.
    dir: type === "text" ? "auto" : "ltr",
    "aria-describedby": hint === undefined ? undefined : `entrance-${name}-hint`,
  });
}

function row(i18n: I18n, { name, label, hint }: Field, field: Node | undefined): HTMLElement {
  const hintElement = hint === undefined ? undefined : el("p", { id: `entrance-${name}-hint`, class: "hint" }, i18n.t(hint));
  return el("div", { class: "field" }, el("label", { for: `entrance-${name}` }, i18n.t(label)), field, hintElement);
}
