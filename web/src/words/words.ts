// What the pages say, in the visitor's language.
//
// A language is one file beside this one: copy en.json to its BCP 47 tag and translate. It is found by its
// name; words.test.ts says what is missing in it.

import english from "./en.json";

export type Words = typeof english;
export type Word = keyof Words;

const files = import.meta.glob<Words>("./*.json", { eager: true, import: "default" });

/** Every language by its tag. */
export const languages: ReadonlyMap<string, Words> = new Map(
  Object.entries(files).map(([path, words]) => [path.replace(/^.*\/|\.json$/g, ""), words]),
);

/** The first of the wanted languages that there is, else English. */
export function chooseLanguage(wanted: readonly (string | null | undefined)[]): string {
  for (const tag of wanted) {
    const exact = tag?.toLowerCase() ?? "";
    const known = [exact, exact.split("-")[0] ?? ""].find((candidate) => languages.has(candidate));
    if (known !== undefined) return known;
  }
  return "en";
}

/** What a view says things with. */
export interface Voice {
  language: string;
  words: Words;
  /** The sentence, `{name}` filled in. */
  say(word: Word, values?: Readonly<Record<string, string | number>>): string;
  /** `word_one`, `word_other` …, whichever the language uses for this number. */
  count(word: "found", n: number): string;
}

export function voiceOf(language: string): Voice {
  const words = languages.get(language) ?? english;
  const plural = new Intl.PluralRules(language);
  const say = (word: Word, values: Readonly<Record<string, string | number>> = {}): string =>
    words[word].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
  return {
    language,
    words,
    say,
    count: (word, n) => {
      const form = `${word}_${plural.select(n)}`;
      return say(form in words ? (form as Word) : `${word}_other`, { n });
    },
  };
}
