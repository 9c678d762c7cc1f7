// What frames every page of our own: its language, how it is chosen, and the title of the window.

import { el, set } from "./element.ts";
import { chooseLanguage, languages, type Voice, voiceOf, type Word } from "./words/words.ts";

/** Where the chosen language is remembered. */
const REMEMBERED = "hsc-language";

/** Dresses the page in the visitor's language and returns it; `chosen` is told when they choose another. */
export function frame(title: Word, chosen: (language: string) => void): string;
/** The same for a page that speaks with a voice of its own. */
export function frame<More extends string>(
  title: Word | More,
  chosen: (language: string) => void,
  speaks: (language: string) => Voice<More>,
): string;
export function frame(
  title: Word,
  chosen: (language: string) => void,
  speaks: (language: string) => Voice = voiceOf,
): string {
  const choice = found("#language", HTMLSelectElement);
  const wanted = new URL(location.href).searchParams.get("lang");
  const language = chooseLanguage([wanted, remembered(), ...navigator.languages]);
  for (const [tag, words] of languages) choice.append(el("option", { value: tag, lang: tag }, words.language));
  const dress = (tag: string): void => {
    const voice = speaks(tag);
    set(document.documentElement, { lang: tag, dir: voice.words.dir });
    set(choice, { "aria-label": voice.say("choose_language") });
    choice.value = tag;
    document.title = `${voice.say(title)} · HSC`;
  };
  choice.addEventListener("change", () => {
    remember(choice.value);
    dress(choice.value);
    chosen(choice.value);
  });
  dress(language);
  return language;
}

/** The element that the page must have. */
export function found<Kind extends Element>(selector: string, kind: new () => Kind): Kind {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`${location.pathname} has no ${selector}`);
  return element;
}

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // Storage is switched off; the browser's languages will do.
  }
}

function remember(tag: string): void {
  try {
    localStorage.setItem(REMEMBERED, tag);
  } catch {
    // Then it is chosen again next time.
  }
}
