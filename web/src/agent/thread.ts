// The middle pane: the messages in order. A conversation of the desk is live.

import { drawBlock, type Leads } from "../answer/draw.ts";
import { printedPage } from "../answer/page.ts";
import { readAnswer } from "../answer/text.ts";
import { button, el, fill, icon, set } from "../element.ts";
import { manualPage, safeAddress } from "../wire/product.ts";
import type { Citation } from "../wire/types.ts";
import type { TeamI18n } from "../words/team.ts";
import { keyed, type Row } from "./keyed.ts";
import type { Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import type { Left, Transcript } from "./requests.ts";
import { productIn, type State, type Talk, ticketOf } from "./state.ts";
import { moment } from "./times.ts";
import { itemsOf, itemsOfArchived, type Item } from "./transcript.ts";

/** Distance from the end within which the list follows new messages, in pixels. */
const NEAR_END = 80;

export function thread(maker: Maker): Part {
  const { i18n, actions } = maker;
  const list = el("ol", { class: "said" });
  const typing = el("p", { class: "typing", role: "status" });
  const hint = el("p", { class: "hint" });
  const letter = el("article", { class: "letter" });
  const toEnd = button({ class: "to-end", hidden: true }, () => {
    scroll.scrollTop = scroll.scrollHeight;
  }, icon("stop"), i18n.t("agent_newer"));
  const scroll = el("div", { class: "thread-scroll", role: "region", tabindex: "0", "aria-label": i18n.t("agent_transcript") }, hint, list, letter, typing);
  const element = el("div", { class: "talk-thread" }, scroll, toEnd);
  let about: { product: string | undefined; conversation: string } = { product: undefined, conversation: "" };
  const draw = keyed<Item>(list, (item) => `${about.conversation} ${item.key}`, () => itemRow(maker, () => about));
  let drawn: { talk?: Talk | undefined; archived?: unknown; left?: Left | undefined; id?: string | undefined } = {};
  let isAtEnd = true;

  scroll.addEventListener("scroll", () => {
    isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
    if (isAtEnd) toEnd.hidden = true;
  });
  // A growing composer, a rotated window: an agent at the end stays there.
  new ResizeObserver(() => {
    if (isAtEnd) scroll.scrollTop = scroll.scrollHeight;
  }).observe(scroll);
  // Pictures load later than their text.
  scroll.addEventListener("load", () => {
    if (isAtEnd) scroll.scrollTop = scroll.scrollHeight;
  }, { capture: true });

  function update(state: State, library: Library): void {
    const id = state.shown?.id;
    const talk = state.shown?.what === "talk" && id !== undefined ? state.talks[id] : undefined;
    const archived = state.shown?.what === "past" && id !== undefined ? library.archived[id] : undefined;
    const left = state.shown?.what === "left" ? library.left.items.find((one) => one.id === id) : undefined;
    if (drawn.talk === talk && drawn.archived === archived && drawn.left === left && drawn.id === id) return;
    const isOther = drawn.id !== id;
    const before = drawn.talk;
    drawn = { talk, archived, left, id };
    about = { product: productIn(talk, ticketOf(state, id ?? "")), conversation: id ?? "" };
    const past = typeof archived === "object" ? archived : undefined;
    if (past !== undefined) about = { ...about, product: past.product ?? undefined };
    const isSame = !isOther && before !== undefined && isSaidIn(before, talk);
    if (!isSame) draw(talk !== undefined ? itemsOf(talk) : past !== undefined ? itemsOfArchived(past) : []);
    sayHint(talk, archived);
    fill(letter, ...(left === undefined ? [] : drawLetter(left)));
    letter.hidden = left === undefined;
    typing.textContent = talk?.typing === true ? i18n.t("agent_visitor_types") : "";
    if (isOther || isAtEnd) {
      scroll.scrollTop = talk === undefined ? 0 : scroll.scrollHeight;
      isAtEnd = true;
      toEnd.hidden = true;
    } else if (!isSame) {
      toEnd.hidden = false;
    }
  }

  function sayHint(talk: Talk | undefined, archived: Transcript | "asking" | "absent" | undefined): void {
    if (talk !== undefined) {
      const isEmpty = talk.entries.length + talk.notes.length + talk.outgoing.length === 0;
      hint.textContent = !talk.isRead && talk.gone === undefined ? i18n.t("agent_asking") : !talk.whole ? i18n.t("agent_not_whole") : isEmpty ? i18n.t("agent_nothing_said") : "";
    } else {
      hint.textContent = archived === "asking" ? i18n.t("agent_asking") : archived === "absent" ? i18n.t("agent_not_archived") : "";
    }
    hint.hidden = hint.textContent === "";
  }

  function drawLetter(left: Left): Node[] {
    const { conversation } = left;
    const open = (): void => {
      if (conversation !== null) actions.show({ what: "past", id: conversation });
    };
    return [
      el("p", { class: "label" }, i18n.t("agent_left_at", { when: moment(i18n.language, left.at_ms, Date.now()) })),
      el("p", {}, el("a", { href: `mailto:${encodeURIComponent(left.address).replace("%40", "@")}`, dir: "ltr" }, left.address)),
      el("p", { class: "letter-text", dir: "auto" }, left.text),
      ...(conversation === null ? [] : [button({ class: "action" }, open, i18n.t("agent_open_conversation"))]),
    ];
  }

  return { element, update };
}

/** True if both have the same messages; the draft does not matter. */
function isSaidIn(before: Talk, now: Talk | undefined): boolean {
  return before.entries === now?.entries && before.notes === now.notes && before.outgoing === now.outgoing;
}

function itemRow(maker: Maker, about: () => { product: string | undefined; conversation: string }): Row<Item> {
  const { i18n } = maker;
  const element = el("li", { class: "item" });
  return {
    element,
    update: (item) => {
      element.dataset.kind = item.kind;
      const name = (title: string): HTMLElement => el("p", { class: "label" }, el("bdi", {}, title), ...time("at_ms" in item ? item.at_ms : undefined));
      switch (item.kind) {
        case "question":
          fill(element, name(i18n.t("agent_asked_machine")), bubble(el("p", { class: "words", dir: "auto" }, item.text)));
          break;
        case "answer":
          fill(element, name(i18n.t("agent_machine")), drawAnswer(maker, item, item.product ?? about().product));
          break;
        case "message": {
          element.dataset.from = item.from;
          const who = item.from === "agent" ? (item.agent?.name ?? i18n.t("agent_colleague")) : i18n.t("agent_visitor");
          const words = item.text === "" ? undefined : wordsOf(maker, item.text, item.from === "agent", item.citations, about().product);
          fill(element, name(who), bubble(picture(maker, item.upload), words), sources(maker, item.citations, about().product));
          break;
        }
        case "note":
          fill(element, name(i18n.t("agent_note_of", { name: item.agent?.name ?? "" })), bubble(el("p", { class: "words", dir: "auto" }, item.text)));
          break;
        case "event": {
          const text = item.word === "agent_event_said" ? el("bdi", {}, item.values.text ?? "") : i18n.t(item.word, item.values);
          const why = item.why === undefined ? undefined : el("q", { dir: "auto" }, item.why);
          fill(element, el("p", { class: "event" }, text, why === undefined ? undefined : " ", why, ...time(item.at_ms)));
          break;
        }
        case "outgoing":
          drawOutgoing(item.outgoing);
          break;
      }
    },
  };

  function time(at_ms: number | undefined): Node[] {
    if (at_ms === undefined) return [];
    return [el("time", { class: "at", datetime: new Date(at_ms).toISOString() }, moment(i18n.language, at_ms, Date.now()))];
  }

  function drawOutgoing({ key, note, content, upload, stage, why }: (Item & { kind: "outgoing" })["outgoing"]): void {
    const { conversation } = about();
    set(element, { "data-from": "agent", "data-note": note, "data-stage": stage });
    const words = content === "" ? undefined : wordsOf(maker, content, true, [], about().product);
    const title = note ? i18n.t("agent_note_of", { name: maker.me.name }) : maker.me.name;
    const again = button({ class: "action" }, () => {
      maker.actions.sayAgain(conversation, key);
    }, icon("retry"), i18n.t("agent_say_again"));
    const back = button({ class: "quiet" }, () => {
      maker.actions.takeBack(conversation, key);
    }, i18n.t("agent_take_back"));
    const reason = why === undefined ? i18n.t("agent_unsent") : `${i18n.t("agent_unsent")} ${"word" in why ? i18n.t(why.word, why.values) : why.text}`;
    const state = stage === "unsent" ? el("div", { class: "unsent", role: "alert" }, el("span", { dir: "auto" }, reason), again, back) : undefined;
    const label = stage === "sending" ? i18n.t("agent_sending") : stage === "held" ? i18n.t("agent_held") : "";
    fill(element, el("p", { class: "label" }, el("bdi", {}, title), label === "" ? undefined : el("span", { class: "at" }, label)), bubble(picture(maker, upload), words), state);
  }
}

function bubble(...inside: (Node | undefined)[]): HTMLElement {
  return el("div", { class: "bubble" }, ...inside);
}

/** A person's text. Marked pages in the team's messages are links; in a visitor's they have no meaning. */
function wordsOf(maker: Maker, text: string, isOurs: boolean, citations: readonly Citation[], product: string | undefined): HTMLElement {
  const words = el("p", { class: "words", dir: "auto" });
  if (!isOurs) {
    words.textContent = text;
    return words;
  }
  for (const piece of text.split(/(\[MANUAL:\s*(?:pages?|p\.?)?\s*\d{1,5}\])/gi)) {
    const page = /^\[MANUAL:.*?(\d{1,5})\]$/i.exec(piece)?.[1];
    words.append(page === undefined ? piece : cite(maker, Number(page), citations, product));
  }
  return words;
}

export function cite({ i18n, server }: Maker, page: number, citations: readonly Citation[], product: string | undefined): Node {
  const cited = citations.find((citation) => citation.page === page);
  const href = cited === undefined ? (product === undefined ? "" : manualPage(server, product, page)) : safeAddress(server, cited.url);
  const label = i18n.t("page_short", { n: printedPage(page, citations) });
  if (href === "") return el("span", { class: "cite" }, label);
  return el("a", { class: "cite", href, target: "_blank", rel: "noopener", title: cited?.quote ?? i18n.t("page_open", { n: page }) }, label);
}

function drawAnswer(maker: Maker, { text, end }: Item & { kind: "answer" }, product: string | undefined): HTMLElement {
  const { i18n, server } = maker;
  const citations = end?.citations ?? [];
  const leads: Leads = {
    i18n,
    page: (page) => {
      const cited = citations.find((citation) => citation.page === page);
      return cited === undefined ? manualPage(server, product ?? "", page) : safeAddress(server, cited.url);
    },
    printed: (page) => printedPage(page, citations),
    quote: (page) => citations.find((citation) => citation.page === page)?.quote,
    suggested: () => undefined,
  };
  const blocks = readAnswer(text, end !== undefined).map((block) => drawBlock(block, leads));
  const verdict = end?.reason === undefined ? undefined : el("p", { class: "verdict", dir: "auto" }, refused(end.reason, i18n));
  const stopped = end?.cancelled === true ? el("p", { class: "hint" }, i18n.t("stopped")) : undefined;
  // The sentence of a refusal is in the stream too.
  const content = verdict === undefined ? el("div", { class: "text" }, ...blocks) : undefined;
  return bubble(content, verdict, stopped, sources(maker, citations, product));
}

/** Why there is no answer, in the agent's language if there is a phrase. */
function refused({ code, message }: { code: string; message: string }, i18n: TeamI18n): string {
  if (code === "unknown") return i18n.t("unknown_title");
  if (code === "none") return i18n.t("reason_none");
  return message === "" ? i18n.t("no_answer_title") : message;
}

/** The cited pages, each with the quoted words of the manual. */
export function sources(maker: Maker, citations: readonly Citation[], product: string | undefined): HTMLElement | undefined {
  if (citations.length === 0) return undefined;
  const rows = citations.map((citation) => el("li", {}, cite(maker, citation.page, citations, product), " ", el("q", { dir: "auto" }, citation.quote)));
  return el("details", { class: "rests" }, el("summary", {}, maker.i18n.count("agent_sources", citations.length)), el("ul", {}, ...rows));
}

function picture({ i18n, server }: Maker, upload: string | undefined): HTMLElement | undefined {
  if (upload === undefined) return undefined;
  const address = new URL(`/uploads/${encodeURIComponent(upload)}`, server).href;
  const image = el("img", { src: address, alt: i18n.t("agent_picture"), class: "picture" });
  const link = el("a", { href: address, target: "_blank", rel: "noopener" }, image);
  image.addEventListener("error", () => {
    link.replaceWith(el("p", { class: "hint" }, i18n.t("agent_picture_gone")));
  });
  return link;
}
