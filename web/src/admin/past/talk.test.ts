import { expect, test } from "vitest";
import { teamI18nOf } from "../../words/team.ts";
import type { Past, Said } from "../../wire/past.ts";
import { drawFacts, drawMessages } from "./talk.ts";

const reader = { i18n: teamI18nOf("en"), server: new URL("http://127.0.0.1:8000") };
const NASTY = `<img src=x onerror="window.hurt=1">`;

function entry(more: Partial<Said>): Said {
  const nobody = { agent: null, product: null, outcome: null, confidence: null, upload: null };
  return { kind: "said", at_ms: 1000, author: "visitor", text: "", ...nobody, citations: [], ...more };
}

function past(entries: Past["entries"], more: Partial<Past> = {}): Past {
  const about = { began_ms: 1, last_ms: 2, ended_ms: null, visitor: null, language: null, agent: null, rating: null };
  return { conversation: "c1", ...about, product: "kettle", messages: 1, first_words: "", rating_comment: null, entries, ...more };
}

const read = (...entries: Past["entries"]): Element[] => [...drawMessages(reader, past(entries)).children];

test("whatever anybody wrote is text", () => {
  const all = past(
    [
      entry({ text: NASTY }),
      entry({ author: "agent", text: NASTY, agent: { id: "a", name: NASTY } }),
      entry({ author: "note", text: NASTY }),
      entry({ author: "system", text: NASTY }),
      entry({ author: "machine", text: NASTY, citations: [{ page: 1, quote: NASTY, url: "javascript:alert(1)", score: 1 }], thumb: "down", comment: NASTY }),
      { kind: "turned", at_ms: 1, turn: NASTY, agent: null, to: null, reason: NASTY },
    ],
    { visitor: { subject: NASTY, name: NASTY, address: NASTY }, product_name: NASTY, rating: 1, rating_comment: NASTY },
  );
  const drawn = [drawMessages(reader, all), drawFacts(reader, all)];
  for (const element of drawn) {
    expect(element.querySelector("img")).toBeNull();
    expect(element.textContent).toContain(NASTY);
    for (const link of element.querySelectorAll("a")) expect(link.href).toMatch(/^http:/);
  }
});

test("an answer shows its pages and what the visitor thought of it", () => {
  const citations = [{ page: 12, quote: "Descale it monthly.", url: "/manuals/kettle#page=12", score: 1 }];
  const [answer] = read(entry({ author: "machine", outcome: "answered", text: "Monthly. [MANUAL: page 12]", citations, thumb: "down", comment: "too short" }));
  expect(answer?.querySelector(".text a.cite")?.getAttribute("href")).toBe("http://127.0.0.1:8000/manuals/kettle#page=12");
  expect(answer?.querySelector(".rests q")?.textContent).toBe("Descale it monthly.");
  expect(answer?.querySelector(".thumb")?.textContent).toMatch(/not helpful.*too short/i);
});

test("a note is marked as one, and names who wrote it", () => {
  const [note] = read(entry({ author: "note", text: "Was here before.", agent: { id: "a", name: "Yael" } }));
  expect(note?.getAttribute("data-kind")).toBe("note");
  expect(note?.querySelector(".label")?.textContent).toMatch(/Private note · Yael/);
});

test("where the machine gave no answer, it is said why", () => {
  const [none] = read(entry({ author: "machine", outcome: "no_manual" }));
  expect(none?.querySelector(".outcome-of")?.textContent).toMatch(/no manual/i);
  expect(none?.querySelector(".text")).toBeNull();
});

test("a conversation that is handed on names both, and a turn that is not known is still told", () => {
  const [handed, other] = read(
    { kind: "turned", at_ms: 1, turn: "handed", agent: { id: "a", name: "Yael" }, to: { id: "b", name: "Noam" }, reason: "knows kettles" },
    { kind: "turned", at_ms: 1, turn: "dreamt", agent: null, to: null, reason: null },
  );
  expect(handed?.textContent).toMatch(/Yael.*Noam.*knows kettles/);
  expect(other?.textContent).toContain("dreamt");
});

test("a picture that is not kept any more is said not to be", () => {
  const all = past([entry({ upload: "u1" })], { uploads: [{ id: "u1", is_expired: true }] });
  expect(drawMessages(reader, all).textContent).toContain("This picture was deleted.");
});
