// A past conversation as a whole: messages and authors, cited pages, the visitor's ratings, the team's
// notes, the handoffs.

import { drawBlock, type Leads } from "../../answer/draw.ts";
import { readAnswer } from "../../answer/text.ts";
import { type Child, el, icon } from "../../element.ts";
import { languageName } from "../../agent/times.ts";
import { manualPage, safeAddress } from "../../wire/product.ts";
import type { Past, Said, Turned } from "../../wire/past.ts";
import { turnOf } from "../../agent/turns.ts";
import type { TeamI18n, TeamWord } from "../../words/team.ts";
import { momentOf } from "./moment.ts";

/** Dependencies of drawing. */
export interface Reader {
  i18n: TeamI18n;
  server: URL;
}

/** The facts beside the messages. */
export function drawFacts({ i18n, server }: Reader, past: Past): HTMLElement {
  const { visitor, product, language, agent, rating, rating_comment } = past;
  const fact = (word: Parameters<typeof i18n.t>[0], ...value: Child[]): HTMLElement => el("div", {}, el("dt", {}, i18n.t(word)), el("dd", {}, ...value));
  const manual = product === null ? "" : safeAddress(server, `/manuals/${encodeURIComponent(product)}`);
  return el(
    "dl",
    { class: "facts-list past-facts" },
    fact("agent_visitor", el("bdi", {}, visitor?.name ?? visitor?.subject ?? i18n.t("agent_anonymous"))),
    ...(visitor?.address ? [fact("agent_address", el("bdi", { dir: "ltr" }, visitor.address))] : []),
    ...(language === null ? [] : [fact("agent_language", languageName(i18n.language, language))]),
    ...(product === null ? [] : [fact("agent_product", el("a", { href: manual, target: "_blank", rel: "noopener" }, el("bdi", {}, past.product_name ?? product)))]),
    fact("agent_began", momentOf(i18n, past.began_ms)),
    ...(past.ended_ms === null ? [] : [fact("agent_ended_at", momentOf(i18n, past.ended_ms))]),
    ...(past.scenario === "studio" || past.scenario === "live" ? [fact("agent_scenario", i18n.t(`scenario_${past.scenario}`))] : []),
    ...pageOf(past.page).map((link) => fact("agent_page", link)),
    ...(past.reason ? [fact("agent_reason", el("span", { dir: "auto" }, past.reason))] : []),
    ...(agent === null ? [] : [fact("agent_with", el("bdi", {}, agent.name))]),
    ...(rating === null ? [] : [fact("agent_rated", i18n.t("agent_rating", { n: rating }))]),
    ...(rating_comment ? [fact("agent_rated_why", el("span", { dir: "auto" }, rating_comment))] : []),
  );
}

/** The page on which the visitor chatted. The link sends no referrer to the other site. */
function pageOf(page: string | null | undefined): HTMLElement[] {
  if (!page || !/^https?:/.test(page)) return [];
  return [el("a", { href: page, target: "_blank", rel: "noopener noreferrer", dir: "ltr" }, page.replace(/^https?:\/\//, ""))];
}

/** The messages, in order. */
export function drawMessages(reader: Reader, past: Past): HTMLElement {
  const items = past.entries.map((entry) => (entry.kind === "said" ? messageItem(reader, past, entry) : handoffItem(reader, entry)));
  return el("ol", { class: "said", "aria-label": reader.i18n.t("agent_transcript") }, ...items);
}

function messageItem(reader: Reader, past: Past, entry: Said): HTMLElement {
  const { i18n } = reader;
  const { author, text, at_ms } = entry;
  if (author === "system") return el("li", { class: "item", "data-kind": "event" }, el("p", { class: "event" }, el("bdi", {}, text), " ", time(i18n, at_ms)));
  const kind = author === "machine" ? "answer" : author === "note" ? "note" : "message";
  const inside = kind === "answer" ? answer(reader, past, entry) : words(text);
  return el(
    "li",
    { class: "item", "data-kind": kind, "data-from": author === "agent" || author === "visitor" ? author : undefined },
    el("p", { class: "label" }, el("bdi", {}, nameOf(i18n, entry)), time(i18n, at_ms)),
    el("div", { class: "bubble" }, picture(reader, past, entry.upload), ...inside),
    sources(reader, entry, entry.product ?? past.product),
    thumb(i18n, entry),
  );
}

function nameOf(i18n: TeamI18n, { author, agent }: Said): string {
  const name = agent?.name ?? i18n.t("agent_colleague");
  if (author === "machine") return i18n.t("agent_machine");
  if (author === "note") return i18n.t("agent_note_of", { name });
  return author === "agent" ? name : i18n.t("agent_visitor");
}

function words(text: string): Node[] {
  return text === "" ? [] : [el("p", { class: "words", dir: "auto" }, text)];
}

/** An answer, or why there is none. */
function answer({ i18n, server }: Reader, past: Past, entry: Said): Node[] {
  const { text, outcome, citations } = entry;
  const product = entry.product ?? past.product;
  const cited = (page: number): Said["citations"][number] | undefined => citations.find((citation) => citation.page === page);
  const leads: Leads = {
    i18n,
    page: (page) => {
      const known = cited(page);
      return known === undefined ? manualPage(server, product ?? "", page) : safeAddress(server, known.url);
    },
    printed: (page) => cited(page)?.page_label ?? String(page),
    quote: (page) => cited(page)?.quote,
    suggested: () => undefined,
  };
  const blocks = text === "" ? [] : [el("div", { class: "text" }, ...readAnswer(text, true).map((block) => drawBlock(block, leads)))];
  const word = outcome === null || outcome === "answered" ? undefined : OUTCOMES[outcome];
  return word === undefined ? blocks : [...blocks, el("p", { class: "outcome-of", "data-outcome": outcome ?? "" }, i18n.t(word))];
}

const OUTCOMES: Readonly<Record<string, TeamWord>> = {
  unknown: "admin_not_in_manual",
  no_manual: "admin_no_manual",
  cancelled: "admin_cancelled",
  failed: "admin_failed",
};

/** The cited pages, each with the quoted words of the manual. */
function sources({ i18n, server }: Reader, { citations }: Said, product: string | null): HTMLElement | undefined {
  if (citations.length === 0) return undefined;
  const rows = citations.map(({ page, page_label: label, url, quote }) => {
    const href = safeAddress(server, url) || manualPage(server, product ?? "", page);
    const link = el("a", { class: "cite", href, target: "_blank", rel: "noopener" }, i18n.t("page_short", { n: label ?? page }));
    return el("li", {}, link, " ", el("q", { dir: "auto" }, quote));
  });
  return el("details", { class: "rests" }, el("summary", {}, i18n.count("agent_sources", citations.length)), el("ul", {}, ...rows));
}

/** The visitor's rating of the answer. */
function thumb(i18n: TeamI18n, entry: Said): HTMLElement | undefined {
  if (!entry.thumb) return undefined;
  const comment = entry.comment ? el("q", { dir: "auto" }, entry.comment) : undefined;
  return el("p", { class: "thumb", "data-thumb": entry.thumb }, i18n.t(entry.thumb === "up" ? "admin_thumb_up" : "admin_thumb_down"), " ", comment);
}

function picture({ i18n, server }: Reader, past: Past, upload: string | null): HTMLElement | undefined {
  if (upload === null) return undefined;
  const gone = (): HTMLElement => el("p", { class: "hint" }, i18n.t("agent_picture_gone"));
  if (past.uploads?.find(({ id }) => id === upload)?.is_expired === true) return gone();
  const address = new URL(`/uploads/${encodeURIComponent(upload)}`, server).href;
  const image = el("img", { src: address, alt: i18n.t("agent_picture"), class: "picture", loading: "lazy" });
  const link = el("a", { href: address, target: "_blank", rel: "noopener" }, image);
  image.addEventListener("error", () => {
    link.replaceWith(gone());
  });
  return link;
}

/** A handoff. */
function handoffItem({ i18n }: Reader, entry: Turned): HTMLElement {
  const { word, values, why } = turnOf(entry);
  const words = why === undefined ? undefined : el("q", { dir: "auto" }, why);
  return el("li", { class: "item", "data-kind": "event" }, el("p", { class: "event" }, icon("swap"), " ", el("bdi", {}, i18n.t(word, values)), " ", words, " ", time(i18n, entry.at_ms)));
}

function time(i18n: TeamI18n, at_ms: number): HTMLElement {
  return el("time", { class: "at", datetime: new Date(at_ms).toISOString() }, momentOf(i18n, at_ms));
}
