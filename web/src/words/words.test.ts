import { expect, test } from "vitest";
import english from "./en.json";
import { chooseLanguage, languages, voiceOf, type Word } from "./words.ts";

const words = Object.keys(english) as Word[];
const blanks = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test("there is more than one language", () => {
  expect([...languages.keys()].sort()).toEqual(["en", "he"]);
});

for (const [tag, language] of languages) {
  test(`${tag} says everything that English says`, () => {
    expect(words.filter((word) => !language[word])).toEqual([]);
  });

  test(`${tag} fills in what English fills in`, () => {
    // A plural form may spell its number out: "one product".
    const countable = words.filter((word) => !/_(zero|one|two|few|many)$/.test(word));
    for (const word of countable) expect(blanks(language[word]), word).toEqual(blanks(english[word]));
  });

  test(`${tag} runs one way or the other`, () => {
    expect(["ltr", "rtl"]).toContain(language.dir);
  });
}

test("the visitor's first language that there is, is chosen", () => {
  expect(chooseLanguage(["fr-CH", "he-IL", "en"])).toBe("he");
  expect(chooseLanguage([null, "EN-gb"])).toBe("en");
  expect(chooseLanguage(["tlh"])).toBe("en");
});

test("a number takes the form of its language", () => {
  expect(voiceOf("en").count("found", 1)).toMatch(/^1 product /);
  expect(voiceOf("en").count("found", 3)).toMatch(/^3 products /);
  expect(voiceOf("he").count("found", 2)).toMatch(/2/);
});
