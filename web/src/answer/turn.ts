// A question and its answer: the text as it arrives, then its sources and actions.

import { button, el, fill, icon } from "../element.ts";
import type { Actions, Maker } from "../parts/part.ts";
import { thumbsPart } from "../rating/thumbs.ts";
import { isOpen, type Turn } from "../state.ts";
import { manualPage, safeAddress } from "../wire/product.ts";
import type { Citation, FinalAnswer } from "../wire/types.ts";
import type { I18n, Word } from "../words/words.ts";
import { drawBlock, type Leads } from "./draw.ts";
import { printedPage } from "./page.ts";
import { type Block, plainText, readAnswer } from "./text.ts";

export interface TurnPart {
  element: HTMLElement;
  update: (turn: Turn) => void;
}

/**
 * Confidence from which an answer is called certain, and below which doubtful. The server answers from 0.75 on
 * (answers.answer_confidence); below it there are likely passages.
 */
const CERTAIN = 0.85;
const DOUBTFUL = 0.7;
/** How long "Copied" is shown, in milliseconds. */
const COPIED_MS = 2000;

export function turnPart(first: Turn, maker: Maker): TurnPart {
  const { i18n, actions, server } = maker;
  const text = el("div", { class: "text" });
  const doing = el("span");
  const progress = el("p", { class: "progress" }, el("span", { class: "dots", "aria-hidden": "true" }), doing);
  const verdict = el("div", { class: "verdict", hidden: true });
  const sources = el("div", { class: "sources", hidden: true });
  const foot = el("div", { class: "foot", hidden: true });
  const opinion = thumbsPart(first.id, maker);
  const question = el("p", { class: "question", dir: "auto" }, first.question);
  const picture = first.image === undefined ? undefined : el("img", { src: first.image, alt: i18n.t("picture") });
  const element = el(
    "li",
    { class: "turn" },
    el("div", { class: "asked" }, el("span", { class: "unseen" }, i18n.t("you_asked")), picture, question),
    el(
      "div",
      { class: "answer", role: "group", "aria-label": i18n.t("answer") },
      progress,
      text,
      verdict,
      sources,
      foot,
      opinion.more,
    ),
  );
  let drawn: string[] = [];
  let shown: Turn | undefined;

  const leads: Leads = {
    i18n,
    page: (page) => {
      const cited = shown?.end?.citations.find((citation) => citation.page === page);
      return (cited && safeAddress(server, cited.url)) ?? manualPage(server, first.product.id, page);
    },
    printed: (page) => printedPage(page, shown?.end?.citations ?? []),
    quote: (page) => shown?.end?.citations.find((citation) => citation.page === page)?.quote,
    suggested: (name) => {
      const item = (shown ?? first).product.related.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (item === undefined) return undefined;
      return () => {
        actions.pick({ id: item.id, name: item.name, category: item.category, country: item.production_country });
      };
    },
  };

  function update(turn: Turn): void {
    if (turn === shown) return;
    const before = shown;
    shown = turn;
    const open = isOpen(turn);
    opinion.update(turn);
    // A rating is drawn by itself; the answer keeps its selection and its focus.
    if (!open && before?.stage === turn.stage && before.end === turn.end && before.trouble === turn.trouble) return;
    element.dataset.stage = turn.stage;
    element.toggleAttribute("data-likely", turn.end?.likely === true);
    const { stage, place } = turn;
    const waits = stage === "waiting" || stage === "reading" || stage === "thinking";
    progress.hidden = !waits;
    if (waits) doing.textContent = place === undefined ? i18n.t(stage) : queueText(place, i18n);
    const blocks = readAnswer(turn.text, !open);
    // A refusal has a card of its own; its sentence in the stream is for other clients.
    const refused = turn.end !== undefined && refusal(turn.end, i18n) !== undefined;
    draw(refused ? [] : blocks, !open);
    if (open) return;
    drawVerdict(turn);
    drawSources(turn);
    drawFoot(turn, blocks, refused);
  }

  /**
   * Draws the changed blocks: in a streamed answer that is the last one, and the others keep their selection and
   * focus. After its end all are drawn again with the quotes.
   */
  function draw(blocks: Block[], complete: boolean): void {
    const next = blocks.map((block) => JSON.stringify(block));
    blocks.forEach((block, at) => {
      if (!complete && drawn[at] === next[at]) return;
      const before = text.children[at];
      const element = drawBlock(block, leads);
      if (before === undefined) text.append(element);
      else before.replaceWith(element);
    });
    while (text.children.length > blocks.length) text.lastElementChild?.remove();
    drawn = next;
  }

  function drawVerdict(turn: Turn): void {
    const phrases = turn.trouble ? troubled(turn.trouble, i18n) : turn.end && refusal(turn.end, i18n);
    verdict.hidden = phrases === undefined;
    if (phrases === undefined) return;
    const [title, sentence] = phrases;
    const wish = button({ class: "action" }, () => {
      actions.openHandoffForm(true);
    }, icon("person"), i18n.t("person_wish"));
    fill(
      verdict,
      title === "" ? undefined : el("p", { class: "verdict-title" }, title),
      el("p", { dir: "auto" }, sentence),
      // One of these pages may contain the answer in a minute.
      turn.end?.pages_pending === undefined ? undefined : el("p", {}, i18n.t("pages_pending")),
      // This phrase replaces the server's sentence about the picture.
      turn.image !== undefined && turn.end?.answerer === "extractive" ? el("p", {}, i18n.t("picture_unseen")) : undefined,
      // A person may know what the assistant does not.
      turn.trouble === undefined ? wish : undefined,
    );
  }

  function drawSources({ end }: Turn): void {
    const citations = end?.citations ?? [];
    sources.hidden = citations.length === 0;
    if (citations.length === 0) return;
    const title = i18n.t(end?.reason ? "closest" : "sources");
    fill(
      sources,
      el("h2", {}, title),
      el("ul", { "aria-label": title }, ...citations.map((citation) => el("li", {}, source(citation)))),
    );
  }

  function source(citation: Citation): HTMLElement {
    const { page, page_label: label } = citation;
    // A file viewer's page numbers may differ from the printed ones.
    const ofFile = label == null ? undefined : el("span", { class: "source-file" }, i18n.t("page_of_file", { n: page }));
    const link = { class: "source", href: leads.page(citation.page), target: "_blank", rel: "noopener" };
    return el(
      "a",
      link,
      el("span", { class: "source-page" }, icon("book"), i18n.t("page", { n: label ?? page }), ofFile),
      el("q", { dir: "auto" }, citation.quote),
    );
  }

  function drawFoot(turn: Turn, blocks: readonly Block[], refused: boolean): void {
    const { end } = turn;
    foot.hidden = false;
    const notes = end === undefined || refused ? [] : remarks(end);
    const copy = blocks.length > 0 && !refused ? copyButton(blocks, foot, leads) : undefined;
    fill(
      foot,
      notes.length > 0 ? el("p", { class: "notes" }, ...notes) : undefined,
      el("div", { class: "foot-actions" }, opinion.thumbs, copy, retry(turn.id, actions, i18n)),
    );
  }

  /** Remarks on how the answer was made. */
  function remarks(end: FinalAnswer): Node[] {
    const sentence = (word: Word): HTMLElement => el("span", {}, i18n.t(word));
    if (end.cancelled === true) return [sentence("stopped")];
    // A reply to small talk cites no manual.
    if (end.citations.length === 0) return [];
    const notes = [...(end.likely === true ? [sentence("likely")] : [certainty(end)]), el("span", {}, origin(end))];
    if (!end.grounded) notes.push(sentence("not_grounded"));
    if (end.stale === true) notes.push(sentence("stale"));
    if (end.likely === true && end.pages_pending !== undefined) notes.push(sentence("pages_pending"));
    return notes;
  }

  function certainty({ confidence }: FinalAnswer): HTMLElement {
    const word = confidence >= CERTAIN ? "high" : confidence >= DOUBTFUL ? "medium" : "low";
    const meter = el("span", { class: "meter", "aria-hidden": "true" });
    meter.style.setProperty("--part", `${Math.round(confidence * 100)}%`);
    const label = `${i18n.t("confidence")}: ${i18n.t(`certain_${word}`)}`;
    return el("span", { class: "certainty", title: `${Math.round(confidence * 100)}%` }, meter, label);
  }

  function origin(end: FinalAnswer): string {
    if (end.fallback === true) return i18n.t("by_fallback");
    return i18n.t(end.answerer === "llm" ? "by_llm" : "by_extractive");
  }

  return { element, update };
}

/** The text for a queued question. */
export function queueText(place: number, i18n: I18n): string {
  return place === 1 ? i18n.t("line_next") : i18n.t("line_place", { n: place });
}

/** Title and sentence for a missing answer; undefined for an answer. */
function refusal({ cancelled, reason, citations }: FinalAnswer, i18n: I18n): [string, string] | undefined {
  if (cancelled === true || reason === undefined || reason === null) return undefined;
  if (reason.code === "unknown") {
    return [i18n.t("unknown_title"), i18n.t(citations.length > 0 ? "unknown_closest" : "unknown_text")];
  }
  const word = `reason_${reason.code}`;
  return [i18n.t("no_answer_title"), word in i18n.words ? i18n.t(word as Word) : reason.message];
}

function troubled(trouble: NonNullable<Turn["trouble"]>, i18n: I18n): [string, string] {
  return ["", "word" in trouble ? i18n.t(trouble.word) : trouble.text];
}

function copyButton(blocks: readonly Block[], beside: HTMLElement, { i18n, printed }: Leads): HTMLElement {
  const words = el("span", {}, i18n.t("copy"));
  const element = button({ class: "quiet" }, () => void copy(), icon("copy"), words);
  return element;

  async function copy(): Promise<void> {
    if (!(await toClipboard(plainText(blocks, (page) => i18n.t("page", { n: printed(page) })), beside))) return;
    fill(element, icon("check"), el("span", { role: "status" }, i18n.t("copied")));
    setTimeout(() => {
      fill(element, icon("copy"), words);
    }, COPIED_MS);
  }
}

async function toClipboard(text: string, beside: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without permission, or on a page without TLS, where browsers have no clipboard API: the old way still works.
    const area = el("textarea", { class: "unseen", readonly: true });
    area.value = text;
    beside.append(area);
    area.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

function retry(turnId: string, actions: Actions, i18n: I18n): HTMLElement {
  const repeat = (): void => {
    actions.repeat(turnId);
  };
  return button({ class: "quiet again" }, repeat, icon("retry"), el("span", {}, i18n.t("retry")));
}
