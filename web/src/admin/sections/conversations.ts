// Past conversations: search, list and reading; and offline messages. For signed-in users only: a program's token
// gives no access to conversations.

import { el, fill, icon, set } from "../../element.ts";
import { beginningOf } from "../../agent/found.ts";
import type { Account, Found, Left, Past } from "../../wire/past.ts";
import type { Answer, Became, Page } from "../api-client.ts";
import { dayBegins, filterForm } from "../filters.ts";
import { list, type List } from "../list.ts";
import { momentOf } from "../past/moment.ts";
import { drawFacts, drawMessages } from "../past/talk.ts";
import { hashOf } from "../place.ts";
import { type Desk, type Opened, type Section, why } from "../section.ts";

export const conversations: Section = { open };

/** The view: the list, the offline messages, or one conversation. */
type View = "found" | "left" | "one";

function open(desk: Desk): Opened {
  const { i18n, call } = desk;
  const form = filterForm(desk, [
    { name: "text", word: "agent_search_text", as: "search" },
    { name: "product", word: "admin_product_id", as: "product" },
    { name: "agent", word: "admin_colleague", as: "select", options: [{ value: "", word: "admin_any" }] },
    { name: "rating", word: "admin_mark", as: "select", options: [{ value: "", word: "admin_any" }, ...MARKS] },
    { name: "from", word: "admin_from_day", as: "date" },
    { name: "to", word: "admin_to_day", as: "date" },
  ]);
  const tabs = (["found", "left"] as const).map((view) => ({
    view,
    link: el("a", { class: "tab-link", href: hashOf({ section: "conversations", filters: view === "left" ? { list: "left" } : {} }) }, i18n.t(view === "found" ? "agent_list_past" : "admin_left_messages")),
  }));
  const found = list<Found & { product_name?: string | null }>(
    desk,
    {
      caption: i18n.t("admin_conversations"),
      columns: [
        { name: "words", word: "admin_first_said", make: () => openCell() },
        { name: "visitor", word: "agent_visitor", text: (it) => it.visitor?.name ?? it.visitor?.subject ?? "–" },
        { name: "product", word: "agent_product", text: (it) => it.product_name ?? it.product ?? "–" },
        { name: "agent", word: "admin_colleague", text: (it) => it.agent?.name ?? "–" },
        { name: "rating", word: "admin_mark", as: "number", text: (it) => (it.rating === null ? "–" : i18n.t("agent_rating", { n: it.rating })) },
        { name: "messages", word: "admin_messages", as: "number", text: (it) => String(it.messages) },
        { name: "last", word: "admin_when", text: (it) => momentOf(i18n, it.last_ms) },
      ],
      key: (it) => it.conversation,
      empty: "agent_none_past",
    },
    (after) => {
      const { text, product, agent, rating, from, to } = desk.place().filters;
      const period = { from_ms: dayBegins(from), to_ms: dayBegins(to, 1) };
      return call.get<Page<Found>>("/api/conversations", { text, product, agent, rating, ...period, after });
    },
  );
  const left = list<Left>(
    desk,
    {
      caption: i18n.t("admin_left_messages"),
      columns: [
        { name: "text", word: "admin_message", make: () => letterCell() },
        { name: "address", word: "agent_address", make: () => addressCell() },
        { name: "at", word: "admin_when", text: (it) => momentOf(i18n, it.at_ms) },
        { name: "open", word: "admin_conversation", make: () => leftFromCell() },
      ],
      key: (it) => it.id,
      empty: "agent_none_left",
    },
    (after) => call.get<Page<Left>>("/api/left-messages", { after }),
  );
  const lists: Readonly<Record<"found" | "left", List>> = { found, left };
  const signIn = el("p", { class: "to-sign-in", hidden: true }, el("a", { class: "action main", href: "/sign-in?next=/admin" }, i18n.t("admin_sign_in")));
  const back = el("a", { class: "back-link" }, icon("back"), i18n.t("admin_back_to_list"));
  const one = el("article", { class: "past-one" });
  const nav = el("nav", { class: "tab-links", "aria-label": i18n.t("admin_conversations") }, ...tabs.map(({ link }) => link));
  const element = el("div", { class: "past" }, nav, form.element, signIn, found.element, left.element, back, one);
  /** The place of the list before a conversation was opened. */
  let listed = hashOf({ section: "conversations" });
  let read = "";
  let drawnOne = "";
  let isFilled = false;

  function view(): View {
    const { id, filters } = desk.place();
    return id !== undefined ? "one" : filters.list === "left" ? "left" : "found";
  }

  function draw(): void {
    const now = view();
    if (now !== "one") listed = hashOf({ section: "conversations", filters: desk.place().filters });
    back.href = listed;
    for (const tab of tabs) set(tab.link, { "aria-current": tab.view === now ? "page" : undefined });
    nav.hidden = now === "one";
    form.element.hidden = now !== "found";
    found.element.hidden = now !== "found";
    left.element.hidden = now !== "left";
    back.hidden = now !== "one";
    one.hidden = now !== "one";
    form.draw(desk.place().filters);
    if (now === "one" && desk.place().id !== read) fill(one, el("p", { class: "says", role: "status" }, i18n.t("agent_asking")));
  }

  async function look(): Promise<Became> {
    const now = view();
    if (now === "found") void nameColleagues();
    const became = now === "one" ? await lookAtOne(desk.place().id ?? "") : await lists[now].look();
    signIn.hidden = became !== "forbidden";
    // The rest of the page may be visible; the refusal is shown here.
    return became === "forbidden" ? "seen" : became;
  }

  async function lookAtOne(id: string): Promise<Became> {
    const answer: Answer<Past> = await call.get(`/api/conversations/${encodeURIComponent(id)}`);
    if (id !== desk.place().id) return "seen";
    if (answer.what === "seen") {
      // The conversation may still go on. It is drawn again only if it changed, so that the scroll position stays.
      const now = JSON.stringify(answer.body);
      if (read === id && now === drawnOne) return "seen";
      const isOther = read !== id;
      [read, drawnOne] = [id, now];
      const reader = { i18n, server: new URL(location.origin) };
      fill(one, el("h2", { class: "past-title", tabindex: "-1" }, i18n.t("admin_conversation"), " ", el("bdi", { class: "id", dir: "ltr" }, id)), drawFacts(reader, answer.body), drawMessages(reader, answer.body));
      if (isOther) one.querySelector<HTMLElement>(".past-title")?.focus();
    } else if (answer.what !== "lost") {
      fill(one, el("p", { class: "says", role: "status" }, why(i18n, answer)));
    }
    return answer.what;
  }

  /** Colleagues are selected by name; without the names the filter is not offered. */
  async function nameColleagues(): Promise<void> {
    if (isFilled) return;
    isFilled = true;
    const select = form.element.querySelector<HTMLSelectElement>("#filter-agent");
    const answer = await call.get<{ items: Account[] }>("/admin/users");
    const field = select?.closest<HTMLElement>(".filter");
    if (field) field.hidden = answer.what !== "seen";
    if (answer.what !== "seen") return;
    select?.append(...answer.body.items.map(({ id, name }) => el("option", { value: id }, name)));
    form.draw(desk.place().filters);
  }

  function openCell() {
    const link = el("a", { dir: "auto" });
    return {
      element: link,
      draw: (it: Found) => {
        link.href = hashOf({ section: "conversations", id: it.conversation });
        link.textContent = beginningOf(i18n, it);
      },
    };
  }

  function letterCell() {
    const words = el("span", { class: "words", dir: "auto" });
    return {
      element: words,
      draw: (it: Left) => {
        words.textContent = it.text;
      },
    };
  }

  function addressCell() {
    const link = el("a", { dir: "ltr" });
    return {
      element: link,
      draw: (it: Left) => {
        link.href = `mailto:${encodeURIComponent(it.address).replace("%40", "@")}`;
        link.textContent = it.address;
      },
    };
  }

  function leftFromCell() {
    const place = el("span");
    return {
      element: place,
      draw: ({ conversation }: Left) => {
        fill(place, conversation === null ? "–" : el("a", { href: hashOf({ section: "conversations", id: conversation }) }, i18n.t("admin_read")));
      },
    };
  }

  draw();
  return {
    element,
    look,
    went: () => {
      if (view() !== "one") {
        lists.found.begin();
        read = "";
      }
      draw();
    },
  };
}

const MARKS = ([1, 2, 3, 4, 5] as const).map((mark) => ({ value: String(mark), word: `admin_mark_${mark}` as const }));
