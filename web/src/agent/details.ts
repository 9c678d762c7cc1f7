// The right pane: facts about the visitor and the product.

import { button, el, fill, icon } from "../element.ts";
import { safeAddress } from "../wire/product.ts";
import { everything, type Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import type { Transcript } from "./requests.ts";
import { productIn, shownTalk, type State, ticketOf } from "./state.ts";
import { languageName, moment, waited } from "./times.ts";

export function details({ i18n, actions, server }: Maker): Part {
  const list = el("dl", { class: "facts-list" });
  const does = el("div", { class: "details-does" });
  const back = button({ class: "quiet to-talk" }, () => {
    actions.pane("talk");
  }, icon("back"), i18n.t("agent_back"));
  const element = el("aside", { class: "details", "aria-label": i18n.t("agent_details") }, back, el("h2", {}, i18n.t("agent_details")), list, does);
  let drawn = "";

  function update(state: State, library: Library): void {
    const id = shownTalk(state);
    const ticket = id === undefined ? undefined : ticketOf(state, id);
    const talk = id === undefined ? undefined : state.talks[id];
    element.dataset.empty = ticket === undefined ? "" : "no";
    const archived = library.archived[state.shown?.id ?? ""];
    const past = typeof archived === "object" ? archived : undefined;
    const product = productIn(talk, ticket);
    const isHere = id !== undefined && id in state.tickets;
    const about = past === undefined ? undefined : { ...past, entries: [] };
    const now = JSON.stringify([ticket, about, product, isHere, library.past.stage === "none"]);
    if (now === drawn) return;
    drawn = now;
    if (ticket === undefined && past !== undefined && state.shown?.what === "past") {
      fill(list, ...ofPast(past));
      fill(does, past.product === null ? undefined : more(past.product));
      return;
    }
    if (ticket === undefined) {
      fill(list, el("div", {}, el("dt", { class: "unseen" }, i18n.t("agent_details")), el("dd", { class: "hint" }, i18n.t("agent_no_details"))));
      fill(does);
      return;
    }
    const name = product === ticket.product?.id ? ticket.product?.name : product;
    const address = past?.visitor?.address ?? undefined;
    const wait = el("time", { "data-since": ticket.since_ms }, waited(Date.now() - ticket.since_ms));
    fill(
      list,
      fact("agent_visitor", el("bdi", {}, ticket.visitor ?? past?.visitor?.name ?? i18n.t("agent_anonymous"))),
      address === undefined ? undefined : mail(address),
      fact("agent_presence", el("span", { class: "presence", "data-online": ticket.online }, i18n.t(ticket.online ? "agent_online" : "agent_offline"))),
      fact("agent_language", ticket.locale ? languageName(i18n.language, ticket.locale) : "—"),
      fact("agent_product", el("bdi", {}, name ?? i18n.t("agent_no_product"))),
      product === undefined ? undefined : manual(product),
      scenario(ticket.scenario),
      pageOf(ticket.page),
      isHere ? fact("agent_since", wait) : undefined,
      ticket.reason ? fact("agent_reason", el("span", { dir: "auto" }, ticket.reason)) : undefined,
      ticket.agent ? fact("agent_with", el("bdi", {}, ticket.agent.name)) : undefined,
      past?.rating == null ? undefined : fact("agent_rated", i18n.t("agent_rating", { n: past.rating })),
    );
    fill(does, library.past.stage === "none" || product === undefined ? undefined : more(product));
  }

  function ofPast(past: Transcript): (Node | undefined)[] {
    const when = (at_ms: number): string => moment(i18n.language, at_ms, Date.now());
    return [
      fact("agent_visitor", el("bdi", {}, past.visitor?.name ?? past.visitor?.subject ?? i18n.t("agent_anonymous"))),
      past.visitor?.address ? mail(past.visitor.address) : undefined,
      past.language === null ? undefined : fact("agent_language", languageName(i18n.language, past.language)),
      past.product === null ? undefined : fact("agent_product", el("bdi", {}, past.product)),
      past.product === null ? undefined : manual(past.product),
      scenario(past.scenario),
      pageOf(past.page),
      past.reason ? fact("agent_reason", el("span", { dir: "auto" }, past.reason)) : undefined,
      fact("agent_began", when(past.began_ms)),
      past.ended_ms === null ? undefined : fact("agent_ended_at", when(past.ended_ms)),
      past.agent === null ? undefined : fact("agent_with", el("bdi", {}, past.agent.name)),
      past.rating === null ? undefined : fact("agent_rated", i18n.t("agent_rating", { n: past.rating })),
      past.rating_comment ? fact("agent_rated_why", el("span", { dir: "auto" }, past.rating_comment)) : undefined,
    ];
  }

  /** How the product is used; none for a general question. */
  function scenario(how: string | null | undefined): HTMLElement | undefined {
    return how === "studio" || how === "live" ? fact("agent_scenario", i18n.t(`scenario_${how}`)) : undefined;
  }

  /** The page on which the visitor chats. The link sends no referrer to the other site. */
  function pageOf(page: string | null | undefined): HTMLElement | undefined {
    const href = page ? safeAddress(server, page) : "";
    if (!page || href === "") return undefined;
    return fact("agent_page", el("a", { href, target: "_blank", rel: "noopener noreferrer", dir: "ltr", class: "visitor-page" }, page.replace(/^https?:\/\//, "")));
  }

  function mail(address: string): HTMLElement {
    return fact("agent_address", el("a", { href: `mailto:${encodeURIComponent(address).replace("%40", "@")}`, dir: "ltr" }, address));
  }

  function manual(product: string): HTMLElement {
    const href = safeAddress(server, `/manuals/${encodeURIComponent(product)}`);
    return fact("open_manual", el("a", { href, target: "_blank", rel: "noopener" }, icon("book"), i18n.t("agent_open_manual")));
  }

  function more(product: string): HTMLElement {
    return button({ class: "action" }, () => {
      actions.search({ ...everything, product });
    }, i18n.t("agent_past_of_product"));
  }

  function fact(word: Parameters<typeof i18n.t>[0], value: Node | string): HTMLElement {
    return el("div", {}, el("dt", {}, i18n.t(word)), el("dd", {}, value));
  }

  return { element, update };
}
