import { describe, expect, test } from "vitest";
import { type Block, plainText, readAnswer } from "./text.ts";

const answer = [
  "Hold **SHIFT** and press `REC` [MANUAL: page 12].",
  "",
  "1. Switch it off.",
  "2. Wait ten seconds [MANUAL: page 14].",
  "",
  "- red: no signal",
  "- green: ready",
  "",
  "[PRO TIP: Keep a backup [MANUAL: page 3] at hand.]",
  "[SUGGESTION: Pedal [mk II]]",
  "",
  "| Light | Meaning |",
  "|---|---|",
  "| red | none [MANUAL: page 20] |",
].join("\n");

const shown = (blocks: Block[]): string => JSON.stringify(blocks);

describe("the text of an answer", () => {
  test("a marker becomes a citation, a tip and a suggestion", () => {
    const blocks = readAnswer(answer, true);
    expect(blocks.map((block) => block.kind)).toEqual(["paragraph", "list", "list", "tip", "suggestion", "table"]);
    expect(blocks[0]).toEqual({
      kind: "paragraph",
      spans: [
        { kind: "text", text: "Hold " },
        { kind: "strong", spans: [{ kind: "text", text: "SHIFT" }] },
        { kind: "text", text: " and press " },
        { kind: "code", text: "REC" },
        { kind: "text", text: " " },
        { kind: "cite", page: 12 },
        { kind: "text", text: "." },
      ],
    });
    expect(blocks[3]).toEqual({
      kind: "tip",
      spans: [
        { kind: "text", text: "Keep a backup " },
        { kind: "cite", page: 3 },
        { kind: "text", text: " at hand." },
      ],
    });
    expect(blocks[4]).toEqual({ kind: "suggestion", name: "Pedal [mk II]", led: false });
  });

  test("wherever it is cut, no part of a marker is ever shown", () => {
    for (let cut = 0; cut <= answer.length; cut++) {
      const soFar = shown(readAnswer(answer.slice(0, cut), false));
      expect(soFar, `cut at ${cut}`).not.toMatch(/\[(M|S|P)[A-Z ]*(:|")|MANUAL|PRO TIP|SUGGESTION|\["?\}?$/);
    }
  });

  test("what has been shown stays: each piece only adds to the text", () => {
    const letters = (cut: number): string =>
      plainText(readAnswer(answer.slice(0, cut), false), () => "").replace(/[^\p{L}]/gu, "");
    for (let cut = 1; cut <= answer.length; cut++) {
      expect(letters(cut).startsWith(letters(cut - 1)), `cut at ${cut}`).toBe(true);
    }
  });

  test("a marker that never closes is text like any other", () => {
    expect(readAnswer("see [MANUAL: page 4", true)).toEqual([
      { kind: "paragraph", spans: [{ kind: "text", text: "see [MANUAL: page 4" }] },
    ]);
  });

  test("a bracket that is no marker is shown at once", () => {
    expect(readAnswer("press [REC", false)).toEqual([
      { kind: "paragraph", spans: [{ kind: "text", text: "press [REC" }] },
    ]);
  });

  test("a tip is shown while it arrives", () => {
    expect(readAnswer("[PRO TIP: Keep it dr", false)).toEqual([
      { kind: "tip", spans: [{ kind: "text", text: "Keep it dr" }] },
    ]);
  });

  test("the page behind a tip belongs into the tip, the page of the next sentence does not", () => {
    const pages = (text: string): string[] =>
      readAnswer(text, true).map((block) => `${block.kind} ${(shown([block]).match(/"page":\d+/g) ?? []).join()}`);
    expect(pages("[PRO TIP: Keep it dry.] [MANUAL: page 7]\n\nIt is loud.")).toEqual(['tip "page":7', "paragraph "]);
    expect(pages("[PRO TIP: Keep it dry.]\n\nIt is loud [MANUAL: page 7].")).toEqual(["tip ", 'paragraph "page":7']);
  });

  test("a suggestion knows that the sentence before it leads to it", () => {
    const [, suggestion] = readAnswer("Made for it:\n[SUGGESTION: Stand]", true);
    expect(suggestion).toEqual({ kind: "suggestion", name: "Stand", led: true });
  });

  test("a list that is interrupted goes on counting where the manual does", () => {
    const blocks = readAnswer("1. one\n2. two\n\nNote this.\n\n3. three", true);
    expect(blocks.map((block) => (block.kind === "list" ? block.start : block.kind))).toEqual([1, "paragraph", 3]);
  });

  test("several pages in one marker are several citations", () => {
    const [block] = readAnswer("x [MANUAL: pages 4, 5]", true);
    expect(block?.kind === "paragraph" && block.spans.filter((span) => span.kind === "cite")).toEqual([
      { kind: "cite", page: 4 },
      { kind: "cite", page: 5 },
    ]);
  });

  test("tags are text", () => {
    expect(readAnswer("<img src=x onerror=alert(1)>", true)).toEqual([
      { kind: "paragraph", spans: [{ kind: "text", text: "<img src=x onerror=alert(1)>" }] },
    ]);
  });

  test("the plain text names the pages", () => {
    expect(plainText(readAnswer("1. Go [MANUAL: page 2]", true), (page) => `page ${page}`)).toBe("1. Go (page 2)");
  });

  test("a table has a head where its columns have names, and none where they have not", () => {
    const cell = (text: string): unknown[] => [{ kind: "text", text }];
    expect(readAnswer("| Lamp | Meaning |\n| --- | --- |\n| red | hot |", true)).toEqual([
      { kind: "table", headed: true, rows: [[cell("Lamp"), cell("Meaning")], [cell("red"), cell("hot")]] },
    ]);
    expect(readAnswer("|  |  |\n| --- | --- |\n| Weight | 2 kg [MANUAL: page 5]", true)).toEqual([
      { kind: "table", headed: false, rows: [[cell("Weight"), [{ kind: "text", text: "2 kg " }, { kind: "cite", page: 5 }]]] },
    ]);
  });

  test("a header below a table begins another one, and an empty header is no row", () => {
    const row = (...texts: string[]): unknown[] => texts.map((text) => [{ kind: "text", text }]);
    const text = "|  |  |\n| --- | --- |\n| Weight | 2 kg\n\n\n\n|  |  |\n| --- | --- |\n| Grind | fine\n\n| Lamp | Meaning |\n| --- | --- |\n| red | hot |";
    expect(readAnswer(text, true)).toEqual([
      { kind: "table", headed: false, rows: [row("Weight", "2 kg")] },
      { kind: "table", headed: false, rows: [row("Grind", "fine")] },
      { kind: "table", headed: true, rows: [row("Lamp", "Meaning"), row("red", "hot")] },
    ]);
  });
});
