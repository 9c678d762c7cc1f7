// Parses the text of an answer: the markers of the protocol and the Markdown that answers use.
//
// A pure function of the text so far, so that a streamed answer is drawn like a complete one. While the text is
// incomplete, a marker without its end is held back: the reader never sees `[MANU`.

/** A span of running text. */
export type Span =
  | { kind: "text"; text: string }
  | { kind: "strong"; spans: Span[] }
  | { kind: "code"; text: string }
  | { kind: "cite"; page: number };

/** A block of an answer. */
export type Block =
  | { kind: "paragraph"; spans: Span[] }
  | { kind: "heading"; spans: Span[] }
  | { kind: "list"; ordered: boolean; start: number; items: Span[][] }
  /** `headed` if the first row is the header. */
  | { kind: "table"; headed: boolean; rows: Span[][][] }
  /** `led` if the sentence before it introduces it. */
  | { kind: "suggestion"; name: string; led: boolean }
  | { kind: "tip"; spans: Span[] };

const MARKERS = ["MANUAL:", "SUGGESTION:", "PRO TIP:"] as const;
type Marker = (typeof MARKERS)[number];

/** Parses the text so far; `finished` at the end of the answer. */
export function readAnswer(text: string, finished: boolean): Block[] {
  const blocks: Block[] = [];
  let prose = "";
  const flush = (): void => {
    // Punctuation alone between two markers belonged to the sentence around them.
    if (/[\p{L}\p{N}[]/u.test(prose)) blocks.push(...readProse(prose, finished));
    prose = "";
  };
  let at = 0;
  while (at < text.length) {
    const marker = markerAt(text, at);
    if (marker === undefined) {
      if (!finished && mayBecomeMarker(text, at)) break;
      prose += text.charAt(at++);
      continue;
    }
    const end = closing(text, at);
    if (end === undefined && finished) {
      prose += text.charAt(at++);
      continue;
    }
    const inside = text.slice(at + 1 + marker.length, end).trim();
    if (marker === "PRO TIP:") {
      flush();
      // The one marker that contains a sentence: it is shown while it arrives.
      if (inside !== "") blocks.push({ kind: "tip", spans: readSpans(inside, end !== undefined) });
    } else if (end === undefined) {
      break;
    } else if (marker === "SUGGESTION:") {
      flush();
      if (inside !== "") blocks.push({ kind: "suggestion", name: inside, led: led(blocks.at(-1)) });
    } else if (prose.trim() === "" && closesTip(text, at) && tipOf(blocks)?.push({ kind: "text", text: " " })) {
      // The page of a tip follows it, and becomes part of it.
      tipOf(blocks)?.push(...readSpans(text.slice(at, end + 1), true));
    } else {
      prose += text.slice(at, end + 1);
    }
    at = end === undefined ? text.length : end + 1;
  }
  flush();
  return blocks;
}

/** The spans of the last block if it is a tip. */
function tipOf(blocks: readonly Block[]): Span[] | undefined {
  const last = blocks.at(-1);
  return last?.kind === "tip" ? last.spans : undefined;
}

/** True if only spaces and full stops are between the marker at `at` and an earlier one's end. */
function closesTip(text: string, at: number): boolean {
  return /\][ .]*$/.test(text.slice(0, at));
}

/** True for a paragraph that ends with a colon. */
function led(block: Block | undefined): boolean {
  const last = block?.kind === "paragraph" ? block.spans.at(-1) : undefined;
  return last?.kind === "text" && last.text.trimEnd().endsWith(":");
}

/** The answer as plain text, for the clipboard and for screen readers. */
export function plainText(blocks: readonly Block[], page: (page: number) => string): string {
  const spans = (list: readonly Span[]): string =>
    list
      .map((span) =>
        span.kind === "cite" ? `(${page(span.page)})` : span.kind === "strong" ? spans(span.spans) : span.text,
      )
      .join("");
  return blocks
    .map((block) => {
      switch (block.kind) {
        case "list":
          return block.items
            .map((item, at) => `${block.ordered ? `${block.start + at}.` : "•"} ${spans(item)}`)
            .join("\n");
        case "table":
          return block.rows.map((row) => row.map(spans).join(" | ")).join("\n");
        case "suggestion":
          return block.name;
        default:
          return spans(block.spans);
      }
    })
    .join("\n\n");
}

function markerAt(text: string, at: number): Marker | undefined {
  if (text[at] !== "[") return undefined;
  const rest = text.slice(at + 1, at + 13).toUpperCase();
  return MARKERS.find((marker) => rest.startsWith(marker));
}

/** True if the text from here could still become a marker. */
function mayBecomeMarker(text: string, at: number): boolean {
  if (text[at] !== "[") return false;
  const rest = text.slice(at + 1).toUpperCase();
  return MARKERS.some((marker) => marker.startsWith(rest));
}

/** The closing bracket for the one at `at`; a tip may contain citations, so brackets are counted. */
function closing(text: string, at: number): number | undefined {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    if (text[i] === "[") depth++;
    if (text[i] === "]" && --depth === 0) return i;
  }
  return undefined;
}

function readProse(text: string, finished: boolean): Block[] {
  const blocks: Block[] = [];
  // The lines of the current paragraph or list item.
  let open: string[] | undefined;
  const spansOf = (lines: readonly string[]): Span[] => readSpans(lines.join(" "), finished);
  const closers: (() => void)[] = [];
  const close = (): void => {
    for (const closer of closers.splice(0)) closer();
    open = undefined;
  };
  const begin = (first: string, put: (spans: Span[]) => void): void => {
    close();
    const lines = [first];
    open = lines;
    closers.push(() => {
      put(spansOf(lines));
    });
  };
  for (const line of text.split("\n")) {
    const words = line.trim();
    const heading = /^#{1,6}\s+(.*)$/.exec(words)?.[1];
    const step = /^(\d{1,3})[.)]\s+(.*)$/.exec(words);
    const bullet = /^[-*•–]\s+(.*)$/.exec(words)?.[1];
    if (words === "") {
      close();
    } else if (heading !== undefined) {
      begin(heading, (spans) => blocks.push({ kind: "heading", spans }));
      close();
    } else if (step?.[1] !== undefined && step[2] !== undefined) {
      const start = Number(step[1]);
      begin(step[2], (spans) => {
        addItem(blocks, true, start, spans);
      });
    } else if (bullet !== undefined) {
      begin(bullet, (spans) => {
        addItem(blocks, false, 1, spans);
      });
    } else if (words.startsWith("|")) {
      close();
      addRow(blocks, words, finished);
    } else if (open !== undefined) {
      open.push(words);
    } else {
      begin(words, (spans) => blocks.push({ kind: "paragraph", spans }));
    }
  }
  close();
  return blocks;
}

function addItem(blocks: Block[], ordered: boolean, start: number, item: Span[]): void {
  const last = blocks.at(-1);
  const goesOn =
    last?.kind === "list" && last.ordered === ordered && (!ordered || start === last.start + last.items.length);
  if (goesOn) last.items.push(item);
  else blocks.push({ kind: "list", ordered, start, items: [item] });
}

function addRow(blocks: Block[], line: string, finished: boolean): void {
  const cells = line.replace(/^\||\|$/g, "").split("|");
  const last = blocks.at(-1);
  const table = last?.kind === "table" ? last : undefined;
  // The line below the header of a Markdown table sets the alignment and has no text. The row above it begins a table,
  // even directly below another one. Markdown requires a header, so an empty one is dropped.
  if (cells.every((cell) => /^\s*:?-+:?\s*$/.test(cell))) {
    const header = table?.rows.pop();
    if (table === undefined || header === undefined) return;
    const headed = header.some((cell) => cell.length > 0);
    const rows = headed ? [header] : [];
    if (table.rows.length === 0) blocks.pop();
    blocks.push({ kind: "table", headed, rows });
    return;
  }
  const row = cells.map((cell) => readSpans(cell.trim(), finished));
  if (table !== undefined) table.rows.push(row);
  else blocks.push({ kind: "table", headed: false, rows: [row] });
}

function readSpans(text: string, finished: boolean): Span[] {
  const spans: Span[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") spans.push({ kind: "text", text: plain });
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const marker = markerAt(text, at);
    const end = marker === undefined ? undefined : closing(text, at);
    if (marker === "MANUAL:" && end !== undefined) {
      const pages = readPages(text.slice(at + 1 + marker.length, end));
      if (pages.length > 0) {
        flush();
        for (const page of pages) spans.push({ kind: "cite", page });
        at = end + 1;
        continue;
      }
    }
    if (!finished && (mayBecomeMarker(text, at) || (marker !== undefined && end === undefined))) break;
    if (text.startsWith("**", at)) {
      const to = text.indexOf("**", at + 2);
      if (to > at + 2 || (to === -1 && !finished)) {
        flush();
        const inner = text.slice(at + 2, to === -1 ? undefined : to);
        if (inner !== "") spans.push({ kind: "strong", spans: readSpans(inner, finished) });
        at = to === -1 ? text.length : to + 2;
        continue;
      }
    }
    if (text[at] === "`") {
      const to = text.indexOf("`", at + 1);
      if (to > at + 1 || (to === -1 && !finished)) {
        flush();
        const inner = text.slice(at + 1, to === -1 ? undefined : to);
        if (inner !== "") spans.push({ kind: "code", text: inner });
        at = to === -1 ? text.length : to + 1;
        continue;
      }
    }
    plain += text.charAt(at++);
  }
  flush();
  return spans;
}

/** `page 12`, and the variants of models: `pages 12, 13`, `p. 12`. */
function readPages(inside: string): number[] {
  if (!/^\s*(?:pages?|pp?\.?)?\s*\d/i.test(inside)) return [];
  return [...inside.matchAll(/\d{1,5}/g)].map((match) => Number(match[0])).filter((page) => page > 0);
}
