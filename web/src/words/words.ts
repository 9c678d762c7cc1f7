// The phrases of the pages, in the visitor's language.
//
// A language is one file beside this one: copy en.json to its BCP 47 tag and translate. It is found by its name;
// words.test.ts reports missing phrases.

import english from "./en.json";

export type Words = typeof english;
export type Word = keyof Words;

const files = import.meta.glob<Words>("./*.json", { eager: true, import: "default" });

/** Every language by its tag. */
export const languages: ReadonlyMap<string, Words> = new Map(
  Object.entries(files).map(([path, words]) => [path.replace(/^.*\/|\.json$/g, ""), words]),
);

/** The first available one of the wanted languages, else English. */
export function chooseLanguage(tags: readonly (string | null | undefined)[]): string {
  for (const tag of tags) {
    const exact = tag?.toLowerCase() ?? "";
    const known = [exact, exact.split("-")[0] ?? ""].find((candidate) => languages.has(candidate));
    if (known !== undefined) return known;
  }
  return "en";
}

/** Phrases with a variant for each plural form: `found` for `found_one`, `found_other`. */
export type Counted<Any extends string> = Any extends `${infer Stem}_other` ? Stem : never;

/** The phrases of a language. `More` are additional phrases of a page. */
export interface I18n<More extends string = never> {
  language: string;
  words: Words;
  /** The phrase with `{name}` filled in. */
  t(word: Word | More, values?: Readonly<Record<string, string | number>>): string;
  /** `word_one`, `word_other` …, the plural form of the language for this number. */
  count(word: Counted<Word | More>, n: number): string;
}

export function i18nOf(language: string): I18n {
  const words = languages.get(language) ?? english;
  return i18nWith(language, words, words);
}

/** The phrases of a language over the table `all`. */
export function i18nWith<Any extends string>(
  language: string,
  words: Words,
  all: Readonly<Record<Any, string>>,
): I18n<Exclude<Any, Word>> {
  const plural = new Intl.PluralRules(language);
  const table: Readonly<Record<string, string>> = all;
  const t = (word: string, values: Readonly<Record<string, string | number>> = {}): string =>
    (table[word] ?? word).replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return {
    language,
    words,
    t,
    count: (word, n) => {
      const form = `${word}_${plural.select(n)}`;
      return t(form in table ? form : `${word}_other`, { n });
    },
  };
}
