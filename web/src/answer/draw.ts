// Draws the blocks of an answer.

import { button, el, icon } from "../element.ts";
import type { I18n } from "../words/words.ts";
import type { Block, Span } from "./text.ts";

/** The links of an answer. */
export interface Leads {
  i18n: I18n;
  /** The address of a page of the manual. */
  page(page: number): string;
  /** The printed number of that page, once it is known. */
  printed: (page: number) => string;
  /** The quoted words of that page, once they are known. */
  quote(page: number): string | undefined;
  /** Switches to an accessory; undefined if it is unknown. */
  suggested(name: string): (() => void) | undefined;
}

export function drawBlock(block: Block, leads: Leads): HTMLElement {
  const { i18n } = leads;
  switch (block.kind) {
    case "paragraph":
      return el("p", { dir: "auto" }, ...drawSpans(block.spans, leads));
    case "heading":
      return el("h4", { dir: "auto" }, ...drawSpans(block.spans, leads));
    case "list": {
      const items = block.items.map((item) => el("li", {}, ...drawSpans(item, leads)));
      // The direction is that of the list, which has the room for the numbers, not that of each item.
      return block.ordered ? el("ol", { start: block.start, dir: "auto" }, ...items) : el("ul", { dir: "auto" }, ...items);
    }
    case "table":
      return el("div", { class: "table", tabindex: "0", role: "group" }, table(block, leads));
    case "tip":
      return aside("tip", i18n.t("tip"), el("p", { dir: "auto" }, ...drawSpans(block.spans, leads)));
    case "suggestion": {
      const pick = leads.suggested(block.name);
      const name = el("bdi", {}, block.name);
      const label = i18n.t("related_pick", { product: block.name });
      const shown = pick === undefined ? name : button({ class: "chip", "aria-label": label }, pick, name);
      return aside("plus", i18n.t("suggestion"), shown, block.led);
    }
  }
}

/** A box with a title, which is omitted if the sentence before it serves as one. */
function aside(sign: "tip" | "plus", title: string, inside: HTMLElement, led = false): HTMLElement {
  const words = led ? undefined : el("span", { class: "aside-title", "aria-hidden": "true" }, title);
  return el(
    "div",
    { class: `aside aside-${sign}`, role: "note", "aria-label": title },
    icon(sign),
    el("div", {}, words, inside),
  );
}

function table({ headed, rows }: Block & { kind: "table" }, leads: Leads): HTMLElement {
  const drawn = rows.map((row, at) =>
    el(
      "tr",
      {},
      ...row.map((cell) =>
        at === 0 && headed
          ? el("th", { scope: "col", dir: "auto" }, ...drawSpans(cell, leads))
          : el("td", { dir: "auto" }, ...drawSpans(cell, leads)),
      ),
    ),
  );
  return el("table", { dir: "auto" }, el("tbody", {}, ...drawn));
}

function drawSpans(spans: readonly Span[], leads: Leads): Node[] {
  return spans.map((span) => {
    switch (span.kind) {
      case "text":
        return document.createTextNode(span.text);
      case "strong":
        return el("strong", {}, ...drawSpans(span.spans, leads));
      case "code":
        return el("code", {}, span.text);
      case "cite":
        return citation(span.page, leads);
    }
  });
}

function citation(page: number, leads: Leads): HTMLElement {
  const { i18n } = leads;
  const link = {
    class: "cite",
    href: leads.page(page),
    target: "_blank",
    rel: "noopener",
    title: leads.quote(page) ?? i18n.t("page_open", { n: page }),
  };
  return el("a", link, i18n.t("page_short", { n: leads.printed(page) }));
}
