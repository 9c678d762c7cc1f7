// The header of the middle pane: the conversation's owner, and the possible actions.

import { button, el, fill, icon, set } from "../element.ts";
import type { Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import { isTaking, listOf, shownTalk, type State, ticketOf } from "./state.ts";

export function talkHead({ i18n, actions }: Maker): Part {
  const title = el("h2", { class: "talk-title", tabindex: "-1" });
  const below = el("p", { class: "talk-below" });
  const back = iconButton("back", i18n.t("agent_back"), () => {
    actions.show(undefined);
  });
  const about = iconButton("person", i18n.t("agent_details"), () => {
    actions.pane("details");
  });
  about.classList.add("to-details");
  back.classList.add("to-list");
  const does = el("div", { class: "does" });
  const element = el("header", { class: "talk-head" }, back, el("div", { class: "talk-about" }, title, below), about, does);
  let drawn = "";

  function iconButton(name: "back" | "person", label: string, does: () => void): HTMLButtonElement {
    return button({ class: "quiet round", "aria-label": label, title: label }, does, icon(name));
  }

  function action(word: "agent_take" | "agent_hand" | "agent_give_back" | "agent_close", does: () => void, main = false): HTMLElement {
    return button({ class: main ? "action main" : "action", "data-action": word.slice("agent_".length) }, does, i18n.t(word));
  }

  function update(state: State, library: Library): void {
    element.hidden = state.shown === undefined;
    about.hidden = state.shown?.what === "left";
    const id = shownTalk(state);
    const ticket = id === undefined ? undefined : ticketOf(state, id);
    const past = state.shown?.what === "past" ? library.archived[state.shown.id] : undefined;
    const isHere = id !== undefined && id in state.tickets;
    const gone = id === undefined ? undefined : state.talks[id]?.gone;
    const taking = id !== undefined && isTaking(state, id);
    const now = JSON.stringify([taking, state.shown, ticket, isHere, gone, typeof past, state.me, state.link === "open" || state.link === "back"]);
    if (now === drawn) return;
    drawn = now;
    if (state.shown?.what === "left") title.textContent = i18n.t("agent_left_title");
    else if (typeof past === "object") title.textContent = past.visitor?.name ?? past.visitor?.subject ?? i18n.t("agent_visitor");
    else title.textContent = ticket?.visitor ?? i18n.t("agent_visitor");
    const product = ticket?.product?.name ?? (typeof past === "object" ? past.product : undefined) ?? undefined;
    const list = ticket === undefined ? undefined : listOf(state, ticket);
    const has = !isHere ? goneWords() : list === "open" ? i18n.t("agent_has", { name: ticket?.agent?.name ?? "" }) : "";
    fill(
      below,
      ticket === undefined || !isHere ? undefined : el("span", { class: "presence", "data-online": ticket.online }, i18n.t(ticket.online ? "agent_online" : "agent_offline")),
      product === undefined ? undefined : el("bdi", {}, product),
      has === "" ? undefined : el("span", { class: "has" }, has),
    );
    set(below, { hidden: below.childElementCount === 0 });
    if (id === undefined || !isHere) { fill(does); return; }
    const mine = list === "mine";
    const take = action("agent_take", () => {
      actions.take(id);
    }, true);
    set(take, { "aria-busy": taking ? "true" : undefined });
    fill(
      does,
      list === "waiting"
        ? take
        : undefined,
      ...(mine
        ? [
            action("agent_hand", () => {
              actions.hand(id);
            }),
            action("agent_give_back", () => {
              actions.giveBack(id);
            }),
            action("agent_close", () => {
              actions.close(id);
            }),
          ]
        : []),
    );

    function goneWords(): string {
      if (state.shown?.what === "past") return i18n.t("agent_past");
      if (gone === undefined) return state.shown?.what === "talk" && ticket !== undefined ? i18n.t("agent_no_longer") : "";
      return i18n.t(`agent_gone_${gone.why}`, { name: gone.agent?.name ?? "" });
    }
  }

  return { element, update };
}
