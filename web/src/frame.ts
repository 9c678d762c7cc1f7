// The frame of every page: its language, the language menu, and the window title.

import { el, set } from "./element.ts";
import { chooseLanguage, languages, type I18n, i18nOf, type Word } from "./words/words.ts";

/** Storage key of the chosen language. */
const REMEMBERED = "hsc-language";

/** Sets the page's language and returns it; `chosen` is called when the user chooses another. */
export function frame(title: Word, chosen: (language: string) => void): string;
/** The same for a page with phrases of its own. */
export function frame<More extends string>(
  title: Word | More,
  chosen: (language: string) => void,
  speaks: (language: string) => I18n<More>,
): string;
export function frame(
  title: Word,
  chosen: (language: string) => void,
  speaks: (language: string) => I18n = i18nOf,
): string {
  const choice = found("#language", HTMLSelectElement);
  const requested = new URL(location.href).searchParams.get("lang");
  const language = chooseLanguage([requested, remembered(), ...navigator.languages]);
  for (const [tag, words] of languages) choice.append(el("option", { value: tag, lang: tag }, words.language));
  const dress = (tag: string): void => {
    const i18n = speaks(tag);
    set(document.documentElement, { lang: tag, dir: i18n.words.dir });
    set(choice, { "aria-label": i18n.t("choose_language") });
    choice.value = tag;
    document.title = `${i18n.t(title)} · HSC`;
  };
  choice.addEventListener("change", () => {
    remember(choice.value);
    dress(choice.value);
    carryFields(document.body, () => {
      chosen(choice.value);
    });
    choice.focus();
  });
  dress(language);
  return language;
}

type Field = HTMLInputElement | HTMLTextAreaElement;

/** How long a field is awaited that is drawn only after the server's response, in milliseconds. */
const FIELDS_WITHIN_MS = 5000;

/**
 * Draws again and keeps the typed text: each field is found again by its id, or by its name, and gets its value back.
 * A field that has its own value after that (a draft, say) keeps it.
 */
export function carryFields(root: Element, redraw: () => void): void {
  const held = new Map([...fieldsOf(root)].map(([name, field]): [string, string | boolean] => [name, isChosen(field) ? field.checked : field.value]));
  for (const [name, value] of held) if (value === "" || value === false) held.delete(name);
  redraw();
  const give = (): void => {
    for (const [name, field] of fieldsOf(root)) {
      const value = held.get(name);
      if (value === undefined) continue;
      held.delete(name);
      if (isChosen(field)) field.checked = value === true;
      else if (typeof value === "string" && field.value === "") field.value = value;
    }
  };
  give();
  if (held.size === 0) return;
  const late = new MutationObserver(give);
  late.observe(root, { childList: true, subtree: true });
  setTimeout(() => {
    late.disconnect();
  }, FIELDS_WITHIN_MS);
}

/** The fields by what stays the same after drawing: the id, else the name, else the index among similar fields. */
function fieldsOf(root: Element): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const field of root.querySelectorAll<Field>("input:not([type=file]), textarea")) {
    const like = field.id || `${field.type} ${field.name} ${field.className} ${isChosen(field) ? field.value : ""}`;
    let n = 0;
    while (fields.has(`${like} ${n}`)) n += 1;
    fields.set(`${like} ${n}`, field);
  }
  return fields;
}

/** True for a field that is selected and not typed into. */
function isChosen(field: Field): field is HTMLInputElement {
  return field.type === "checkbox" || field.type === "radio";
}

/** An element that the page must have. */
export function found<Kind extends Element>(selector: string, kind: new () => Kind): Kind {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`${location.pathname} has no ${selector}`);
  return element;
}

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // Storage is disabled; the browser's languages are used.
  }
}

function remember(tag: string): void {
  try {
    localStorage.setItem(REMEMBERED, tag);
  } catch {
    // Then it is chosen again next time.
  }
}
