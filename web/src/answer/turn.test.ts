import { expect, test } from "vitest";
import type { Maker } from "../parts/part.ts";
import type { Turn } from "../state.ts";
import { i18nOf } from "../words/words.ts";
import { turnPart } from "./turn.ts";

// The actions of this test do nothing and no draft is stored.
const maker = { i18n: i18nOf("en"), server: new URL("http://127.0.0.1:8000"), prefix: "t", actions: {} } as unknown as Maker;

const asked: Turn = {
  id: "q1",
  at: 1,
  product: { id: "lamp", name: "Lamp", brand: "", category: "", country: "", picture: "", related: [], manual: undefined, scenarios: ["general"] },
  question: "How heavy is it?",
  scenario: "general",
  image: undefined,
  stage: "done",
  place: undefined,
  text: "",
  end: undefined,
  trouble: undefined,
};

function drawn(text: string, page_label?: string): HTMLElement {
  const citation = { page: 12, quote: "Weight: 2 kg", url: "/manuals/lamp#page=12", score: 1, ...(page_label === undefined ? {} : { page_label }) };
  const end = { content: "", citations: [citation], confidence: 0.9, grounded: true, html: "", answerer: "extractive" };
  const turn: Turn = { ...asked, text, end };
  const part = turnPart(turn, maker);
  part.update(turn);
  return part.element;
}

test("a page has the number printed on it as its label, and its number in the file beside it", () => {
  const element = drawn("It weighs 2 kg [MANUAL: page 12]", "10");
  expect(element.querySelector(".text a.cite")?.textContent).toBe("p. 10");
  expect(element.querySelector(".text a.cite")?.getAttribute("href")).toMatch(/#page=12$/);
  expect(element.querySelector(".source-page")?.textContent).toBe("page 10page 12 of the file");
});

test("a page without a printed number is called by that of the file", () => {
  const element = drawn("It weighs 2 kg [MANUAL: page 12]");
  expect(element.querySelector(".text a.cite")?.textContent).toBe("p. 12");
  expect(element.querySelector(".source-page")?.textContent).toBe("page 12");
});

test("a table of the manual is a table, with a head where its columns have names", () => {
  const named = drawn("| Lamp | Meaning |\n| --- | --- |\n| red | hot [MANUAL: page 12]");
  expect([...named.querySelectorAll("th")].map((cell) => cell.textContent)).toEqual(["Lamp", "Meaning"]);
  expect(named.querySelector("td a.cite")?.textContent).toBe("p. 12");
  const unnamed = drawn("|  |  |\n| --- | --- |\n| Weight | 2 kg\n| Power | 9 V");
  expect(unnamed.querySelectorAll("th")).toHaveLength(0);
  expect([...unnamed.querySelectorAll("td")].map((cell) => cell.textContent)).toEqual(["Weight", "2 kg", "Power", "9 V"]);
  expect(unnamed.querySelector(".text")?.textContent).not.toContain("|");
});

test("an answer that is none says that scanned pages are still being read, and one that states something does not", () => {
  const waits = /Scanned pages of this manual are still being read/;
  const end = { content: "", citations: [], confidence: 0, grounded: false, html: "", answerer: "extractive", pages_pending: 3 };
  const shown = (more: object): string => {
    const part = turnPart(asked, maker);
    part.update({ ...asked, text: "words", end: { ...end, ...more } });
    return part.element.textContent;
  };
  const citations = [{ page: 1, quote: "q", url: "/manuals/lamp#page=1", score: 1 }];
  expect(shown({ reason: { code: "unknown", message: "No." } })).toMatch(waits);
  expect(shown({ likely: true, citations })).toMatch(waits);
  expect(shown({ citations })).not.toMatch(waits);
});
