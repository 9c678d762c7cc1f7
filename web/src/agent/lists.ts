// The left pane: waiting, own, all, past conversations, and offline messages.

import { button, el, fill, set } from "../element.ts";
import type { Ticket } from "../wire/types.ts";
import { keyed, type Row } from "./keyed.ts";
import type { Growing, Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import { beginningOf } from "./found.ts";
import { productField } from "./product-field.ts";
import type { Found, Left } from "./requests.ts";
import { type DeskList, listed, LISTS, type ListName, type State } from "./state.ts";
import { languageName, moment, waited } from "./times.ts";

/** A ticket and the other data of its row. */
interface Line {
  ticket: Ticket;
  isShown: boolean;
  unread: number;
  typing: boolean;
}

export function lists({ i18n, actions }: Maker): Part & { focusShown: () => void } {
  const counts = new Map<ListName, HTMLElement>(LISTS.map((list) => [list, el("span", { class: "count" })]));
  const tabs = new Map(
    LISTS.map((list) => {
      const label = i18n.t(`agent_list_${list}`);
      const choose = (): void => {
        actions.list(list);
      };
      const tab = button({ role: "tab", id: `tab-${list}`, "aria-controls": "agent-list", class: "tab" }, choose, label, counts.get(list));
      return [list, tab];
    }),
  );
  const tablist = el("div", { class: "tabs", role: "tablist", "aria-label": i18n.t("agent_lists") }, ...tabs.values());
  tablist.addEventListener("keydown", (event) => {
    const at = LISTS.findIndex((list) => tabs.get(list) === document.activeElement);
    const forward = i18n.words.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = i18n.words.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    if (at === -1 || (event.key !== forward && event.key !== back)) return;
    event.preventDefault();
    const to = LISTS[(at + (event.key === forward ? 1 : LISTS.length - 1)) % LISTS.length];
    if (to === undefined) return;
    actions.list(to);
    tabs.get(to)?.focus();
  });
  const desk = el("ul", { class: "tickets" });
  const drawDesk = keyed<Line>(desk, ({ ticket }) => ticket.conversation, ticketRow);
  const none = el("p", { class: "none" });
  const goOn = button({ class: "quiet more" }, () => {
    actions.list("waiting");
  }, i18n.t("agent_show_waiting"));
  const found = el("ul", { class: "tickets" });
  const drawFound = keyed<Found & { isShown: boolean }>(found, (one) => one.conversation, foundRow);
  const left = el("ul", { class: "tickets" });
  const drawLeft = keyed<Left & { isShown: boolean }>(left, (one) => one.id, leftRow);
  const more = button({ class: "quiet more" }, () => {
    if (shown?.list === "past" || shown?.list === "left") actions.more(shown.list);
  }, i18n.t("agent_more"));
  const search = searchForm();
  const panel = el("div", { class: "panel", role: "tabpanel", id: "agent-list", tabindex: "-1" }, search.element, none, goOn, desk, found, left, more);
  const element = el("nav", { class: "lists", "aria-label": i18n.t("agent_conversations") }, tablist, panel);
  let shown: State | undefined;
  let known: Library | undefined;

  function update(state: State, library: Library): void {
    if (state === shown && library === known) return;
    [shown, known] = [state, library];
    for (const list of LISTS) {
      const tab = tabs.get(list);
      const isChosen = list === state.list;
      if (tab === undefined) continue;
      set(tab, { "aria-selected": isChosen ? "true" : "false", tabindex: isChosen ? "0" : "-1" });
      const n = list === "past" || list === "left" ? 0 : listed(state, list).length;
      const count = counts.get(list);
      if (count !== undefined) count.textContent = n === 0 ? "" : String(n);
    }
    tabs.get("left")?.toggleAttribute("hidden", library.left.stage === "none");
    tabs.get("past")?.toggleAttribute("hidden", library.past.stage === "none");
    set(panel, { "aria-labelledby": `tab-${state.list}` });
    const isDesk = state.list !== "past" && state.list !== "left";
    search.element.hidden = state.list !== "past";
    search.update(library);
    desk.hidden = !isDesk;
    found.hidden = state.list !== "past";
    left.hidden = state.list !== "left";
    if (isDesk) drawDesk(linesOf(state, state.list as DeskList));
    const isShown = (what: string, id: string): boolean => state.shown?.what === what && state.shown.id === id;
    if (state.list === "past") drawFound(library.past.items.map((one) => ({ ...one, isShown: isShown("past", one.conversation) })));
    if (state.list === "left") drawLeft(library.left.items.map((one) => ({ ...one, isShown: isShown("left", one.id) })));
    sayNone(state, library);
  }

  function sayNone(state: State, library: Library): void {
    if (state.list === "past" || state.list === "left") {
      const list: Growing<unknown> = library[state.list];
      none.textContent = list.items.length > 0 && list.stage === "here" ? "" : i18n.t(stageWord(list.stage, state.list));
      more.hidden = list.next === null || list.stage !== "here";
    } else {
      const isIdle = state.list === "mine" && listed(state, "waiting").length === 0;
      const word = isIdle ? "agent_none_mine_idle" : (`agent_none_${state.list}` as const);
      none.textContent = listed(state, state.list).length > 0 ? "" : i18n.t(word);
      more.hidden = true;
    }
    goOn.hidden = state.list !== "mine" || none.textContent === "" || listed(state, "waiting").length === 0;
    none.hidden = none.textContent === "";
  }

  function ticketRow(first: Line): Row<Line> {
    const who = el("bdi", { class: "who" });
    const wait = el("time", { class: "wait" });
    const product = el("span", { class: "product-name" });
    const last = el("span", { class: "last", dir: "auto" });
    const tags = el("span", { class: "tags" });
    const open = button({ class: "ticket" }, () => {
      actions.show({ what: "talk", id: first.ticket.conversation });
    }, el("span", { class: "ticket-top" }, who, wait), product, last, tags);
    return {
      element: el("li", {}, open),
      update: ({ ticket, isShown, unread, typing }) => {
        set(open, { "aria-current": isShown ? "true" : undefined, "data-unread": unread > 0, "data-online": ticket.online });
        who.textContent = ticket.visitor ?? i18n.t("agent_visitor");
        set(wait, { "data-since": ticket.since_ms, title: i18n.t("agent_waits_since") });
        wait.textContent = waited(Date.now() - ticket.since_ms);
        product.textContent = ticket.product?.name ?? i18n.t("agent_no_product");
        last.textContent = typing ? i18n.t("agent_typing") : (ticket.last ?? ticket.reason ?? "");
        last.hidden = last.textContent === "";
        const presence = el("span", { class: "presence", "data-online": ticket.online }, i18n.t(ticket.online ? "agent_online" : "agent_offline"));
        const locale = ticket.locale ? el("span", { class: "tag" }, languageName(i18n.language, ticket.locale)) : undefined;
        const reason = ticket.reason && ticket.last ? el("span", { class: "tag reason", dir: "auto" }, ticket.reason) : undefined;
        const agent = ticket.agent ? el("span", { class: "tag" }, el("bdi", {}, ticket.agent.name)) : undefined;
        const fresh = unread > 0 ? el("span", { class: "fresh" }, i18n.count("agent_unread", unread)) : undefined;
        fill(tags, fresh, presence, locale, agent, reason);
      },
    };
  }

  function foundRow(first: Found): Row<Found & { isShown: boolean }> {
    const open = button({ class: "ticket" }, () => {
      actions.show({ what: "past", id: first.conversation });
    });
    return {
      element: el("li", {}, open),
      update: (one) => {
        set(open, { "aria-current": one.isShown ? "true" : undefined });
        const who = el("bdi", { class: "who" }, one.visitor?.name ?? one.visitor?.subject ?? i18n.t("agent_visitor"));
        const at = el("time", { class: "wait" }, moment(i18n.language, one.last_ms, Date.now()));
        const rating = one.rating === null ? undefined : el("span", { class: "tag" }, i18n.t("agent_rating", { n: one.rating }));
        fill(
          open,
          el("span", { class: "ticket-top" }, who, at),
          one.product === null ? undefined : el("span", { class: "product-name" }, one.product),
          el("span", { class: "last", dir: "auto" }, beginningOf(i18n, one)),
          el("span", { class: "tags" }, one.agent === null ? undefined : el("span", { class: "tag" }, el("bdi", {}, one.agent.name)), rating),
        );
      },
    };
  }

  function leftRow(first: Left): Row<Left & { isShown: boolean }> {
    const open = button({ class: "ticket" }, () => {
      actions.show({ what: "left", id: first.id });
    });
    return {
      element: el("li", {}, open),
      update: (one) => {
        set(open, { "aria-current": one.isShown ? "true" : undefined });
        const at = el("time", { class: "wait" }, moment(i18n.language, one.at_ms, Date.now()));
        fill(open, el("span", { class: "ticket-top" }, el("bdi", { class: "who" }, one.address), at), el("span", { class: "last", dir: "auto" }, one.text));
      },
    };
  }

  function searchForm(): { element: HTMLElement; update: (library: Library) => void } {
    const input = (name: string, type: "search" | "date", label: string): HTMLInputElement =>
      el("input", { type, id: `past-${name}`, class: "input", dir: "auto", placeholder: label, "aria-label": label });
    const text = input("text", "search", i18n.t("agent_search_text"));
    const product = productField("past-product", i18n.t("agent_search_product"), actions.products);
    const from = input("from", "date", i18n.t("agent_search_from"));
    const to = input("to", "date", i18n.t("agent_search_to"));
    const marks = ["1", "2", "3", "4", "5"].map((mark) => el("option", { value: mark }, i18n.t("agent_rating", { n: mark })));
    const any = el("option", { value: "" }, i18n.t("agent_search_rating"));
    const rating = el("select", { id: "past-rating", class: "input", "aria-label": i18n.t("agent_rated") }, any, ...marks);
    const days = el("div", { class: "past-days" }, el("label", {}, i18n.t("agent_search_from"), from), el("label", {}, i18n.t("agent_search_to"), to));
    const narrow = el("details", { class: "past-narrow" }, el("summary", {}, i18n.t("agent_search_more")), days, rating);
    const find = el("button", { type: "submit", class: "action" }, i18n.t("agent_search"));
    const form = el("form", { class: "past-search", role: "search" }, text, product.element, narrow, find);
    const fields = { text, rating, from, to };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const filters = { text: text.value.trim(), rating: rating.value, from: from.value, to: to.value };
      void product.chosen().then((id) => {
        actions.search({ ...filters, product: id });
      });
    });
    let drawn: Library["search"] | undefined;
    return {
      element: form,
      update: (library) => {
        if (library.search === drawn) return;
        drawn = library.search;
        for (const name of ["text", "rating", "from", "to"] as const) fields[name].value = drawn[name];
        product.show(drawn.product);
      },
    };
  }

  return {
    element,
    update,
    focusShown: () => {
      (panel.querySelector<HTMLElement>("[aria-current]") ?? tabs.get(shown?.list ?? "waiting"))?.focus();
    },
  };
}

function linesOf(state: State, list: DeskList): Line[] {
  return listed(state, list).map((ticket) => {
    const talk = state.talks[ticket.conversation];
    const isShown = state.shown?.what === "talk" && state.shown.id === ticket.conversation;
    return { ticket, isShown, unread: talk?.unread ?? 0, typing: talk?.typing ?? false };
  });
}

function stageWord(stage: Growing<unknown>["stage"], list: "past" | "left") {
  if (stage === "failed") return "agent_list_failed" as const;
  return stage === "here" || stage === "none" ? (`agent_none_${list}` as const) : ("agent_asking" as const);
}
