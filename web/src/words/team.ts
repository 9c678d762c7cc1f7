// The phrases of the team's pages beside those that visitors see: console and administration.
//
// Separate, because a visitor's browser does not need them. A language is one file in team/; missing phrases fall
// back to English.

import english from "./team/en.json";
import visitors from "./en.json";
import { languages, type I18n, i18nWith } from "./words.ts";

type TeamWords = typeof english;
export type TeamWord = keyof TeamWords;
export type TeamI18n = I18n<TeamWord>;

const files = import.meta.glob<TeamWords>("./team/*.json", { eager: true, import: "default" });

/** Every language of the team's pages by its tag. */
export const teamLanguages: ReadonlyMap<string, TeamWords> = new Map(
  Object.entries(files).map(([path, words]) => [path.replace(/^.*\/|\.json$/g, ""), words]),
);

export function teamI18nOf(language: string): TeamI18n {
  const words = languages.get(language) ?? visitors;
  return i18nWith(language, words, { ...words, ...english, ...teamLanguages.get(language) });
}
