// What the team's pages say beside the words that visitors see: the agents' console and administration.
//
// Apart from those, since a visitor's browser has no use for them. A language is one file in team/; what is
// missing in it is said in English.

import english from "./team/en.json";
import visitors from "./en.json";
import { languages, type Voice, voiceWith } from "./words.ts";

type TeamWords = typeof english;
export type TeamWord = keyof TeamWords;
export type TeamVoice = Voice<TeamWord>;

const files = import.meta.glob<TeamWords>("./team/*.json", { eager: true, import: "default" });

/** Every language of the team's pages by its tag. */
export const teamLanguages: ReadonlyMap<string, TeamWords> = new Map(
  Object.entries(files).map(([path, words]) => [path.replace(/^.*\/|\.json$/g, ""), words]),
);

export function teamVoiceOf(language: string): TeamVoice {
  const words = languages.get(language) ?? visitors;
  return voiceWith(language, words, { ...words, ...english, ...teamLanguages.get(language) });
}
