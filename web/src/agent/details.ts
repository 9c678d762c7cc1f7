// The right side: what is known of the visitor and of what it is about.

import { button, el, fill, icon } from "../element.ts";
import { safeAddress } from "../wire/product.ts";
import type { Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import { shownTalk, type State, ticketOf } from "./state.ts";
import { languageName, waited } from "./times.ts";
import { productOf } from "./transcript.ts";

export function details({ voice, deeds, server }: Maker): Part {
  const list = el("dl", { class: "facts-list" });
  const does = el("div", { class: "details-does" });
  const back = button({ class: "quiet to-talk" }, () => {
    deeds.pane("talk");
  }, icon("back"), voice.say("agent_back"));
  const element = el("aside", { class: "details", "aria-label": voice.say("agent_details") }, back, el("h2", {}, voice.say("agent_details")), list, does);
  let drawn = "";

  function update(state: State, library: Library): void {
    const id = shownTalk(state);
    const ticket = id === undefined ? undefined : ticketOf(state, id);
    const talk = id === undefined ? undefined : state.talks[id];
    element.dataset.empty = ticket === undefined ? "" : "no";
    const archived = id === undefined ? undefined : library.archived[id];
    const past = typeof archived === "object" ? archived : undefined;
    const asked = talk === undefined ? undefined : productOf(talk);
    const isHere = id !== undefined && id in state.tickets;
    const now = JSON.stringify([ticket, past?.visitor, past?.rating, asked, isHere, library.past.stage === "none"]);
    if (now === drawn) return;
    drawn = now;
    if (ticket === undefined) {
      fill(list, el("div", {}, el("dt", { class: "unseen" }, voice.say("agent_details")), el("dd", { class: "hint" }, voice.say("agent_no_details"))));
      fill(does);
      return;
    }
    const product = asked ?? ticket.product?.id;
    const name = product === ticket.product?.id ? ticket.product?.name : product;
    const address = past?.visitor?.address ?? undefined;
    const manual = product === undefined ? undefined : safeAddress(server, `/manuals/${encodeURIComponent(product)}`);
    const wait = el("time", { "data-since": ticket.since_ms }, waited(Date.now() - ticket.since_ms));
    fill(
      list,
      fact("agent_visitor", el("bdi", {}, ticket.visitor ?? past?.visitor?.name ?? voice.say("agent_anonymous"))),
      address === undefined ? undefined : fact("agent_address", el("a", { href: `mailto:${encodeURIComponent(address).replace("%40", "@")}`, dir: "ltr" }, address)),
      fact("agent_presence", el("span", { class: "presence", "data-online": ticket.online }, voice.say(ticket.online ? "agent_online" : "agent_offline"))),
      fact("agent_language", ticket.locale ? languageName(voice.language, ticket.locale) : "—"),
      fact("agent_product", el("bdi", {}, name ?? voice.say("agent_no_product"))),
      manual === undefined ? undefined : fact("open_manual", el("a", { href: manual, target: "_blank", rel: "noopener" }, icon("book"), voice.say("agent_open_manual"))),
      isHere ? fact("agent_since", wait) : undefined,
      ticket.reason ? fact("agent_reason", el("span", { dir: "auto" }, ticket.reason)) : undefined,
      ticket.agent ? fact("agent_with", el("bdi", {}, ticket.agent.name)) : undefined,
      past?.rating == null ? undefined : fact("agent_rated", voice.say("agent_rating", { n: past.rating })),
    );
    const search = (): void => {
      deeds.search({ text: "", product: product ?? "" });
    };
    fill(does, library.past.stage === "none" || product === undefined ? undefined : button({ class: "deed" }, search, voice.say("agent_past_of_product")));
  }

  function fact(word: Parameters<typeof voice.say>[0], value: Node | string): HTMLElement {
    return el("div", {}, el("dt", {}, voice.say(word)), el("dd", {}, value));
  }

  return { element, update };
}
