import { expect, test } from "vitest";
import english from "./en.json";
import teamEnglish from "./team/en.json";
import { teamLanguages, teamI18nOf } from "./team.ts";
import { chooseLanguage, languages, i18nOf } from "./words.ts";

const blanks = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test("there is more than one language", () => {
  expect([...languages.keys()].sort()).toEqual(["en", "he"]);
});

const sets = [
  { whose: "visitors", original: english, translated: languages },
  { whose: "the team", original: teamEnglish, translated: teamLanguages },
] as const;

for (const { whose, original, translated } of sets) {
  const words = Object.keys(original);
  for (const tag of languages.keys()) {
    const language: Readonly<Record<string, string>> = translated.get(tag) ?? {};
    const says = (word: string): string => language[word] ?? "";

    test(`${tag} says to ${whose} everything that English says`, () => {
      expect(words.filter((word) => says(word) === "")).toEqual([]);
    });

    test(`${tag} fills in for ${whose} what English fills in`, () => {
      // A plural form may contain its number as a word: "one product".
      const countable = words.filter((word) => !/_(zero|one|two|few|many)$/.test(word));
      const known: Readonly<Record<string, string>> = original;
      for (const word of countable) expect(blanks(says(word)), word).toEqual(blanks(known[word] ?? ""));
    });
  }
}

for (const [tag, language] of languages) {
  test(`${tag} runs one way or the other`, () => {
    expect(["ltr", "rtl"]).toContain(language.dir);
  });
}

test("the team's pages say the visitors' words too", () => {
  expect(teamI18nOf("he").t("clear")).toBe(i18nOf("he").t("clear"));
  expect(teamI18nOf("en").t("admin_ready")).toBe("Ready");
});

test("the visitor's first language that there is, is chosen", () => {
  expect(chooseLanguage(["fr-CH", "he-IL", "en"])).toBe("he");
  expect(chooseLanguage([null, "EN-gb"])).toBe("en");
  expect(chooseLanguage(["tlh"])).toBe("en");
});

test("a number takes the form of its language", () => {
  expect(i18nOf("en").count("found", 1)).toMatch(/^1 product /);
  expect(i18nOf("en").count("found", 3)).toMatch(/^3 products /);
  expect(i18nOf("he").count("found", 2)).toMatch(/2/);
});
