// The actions of agents and admins, the newest first.

import { el } from "../../element.ts";
import type { Account, Audited } from "../../wire/past.ts";
import type { Page } from "../api-client.ts";
import { dayBegins, filterForm } from "../filters.ts";
import { list } from "../list.ts";
import { momentOf } from "../past/moment.ts";
import type { Desk, Opened, Section } from "../section.ts";

export const audit: Section = { open };

function open(desk: Desk): Opened {
  const { i18n, call } = desk;
  /** The names of accounts by id, as far as the server returns them. */
  const names = new Map<string, string>();
  const actions = new Set<string>();
  const form = filterForm(desk, [
    { name: "who", word: "admin_who", as: "search" },
    { name: "action", word: "admin_action", as: "search", dir: "ltr" },
    { name: "from", word: "admin_from_day", as: "date" },
    { name: "to", word: "admin_to_day", as: "date" },
  ]);
  const known = { who: el("datalist", { id: "audit-who" }), action: el("datalist", { id: "audit-action" }) };
  for (const name of ["who", "action"] as const) form.element.querySelector(`#filter-${name}`)?.setAttribute("list", known[name].id);
  const lines = list<Audited>(
    desk,
    {
      caption: i18n.t("admin_audit"),
      columns: [
        { name: "action", word: "admin_action", as: "code", text: (it) => it.action },
        { name: "who", word: "admin_who", text: (it) => names.get(it.who) ?? it.who },
        { name: "role", word: "admin_role", text: (it) => roleOf(it.role) },
        { name: "subject", word: "admin_subject", text: (it) => names.get(it.subject) ?? it.subject },
        { name: "detail", word: "admin_detail", text: (it) => it.detail },
        { name: "from", word: "admin_from_address", as: "code", text: (it) => it.address },
        { name: "at", word: "admin_when", text: (it) => momentOf(i18n, it.at_ms) },
      ],
      key: (it) => it.id,
      empty: "admin_none_audited",
    },
    (after) => {
      const { who, action, from, to } = desk.place().filters;
      return call.get<Page<Audited>>("/admin/audit", { who: idOf(who), action, from_ms: dayBegins(from), to_ms: dayBegins(to, 1), after });
    },
    (rows) => {
      for (const { action } of rows) actions.add(action);
      offer(known.action, actions);
    },
  );

  function roleOf(role: string): string {
    return role === "agent" ? i18n.t("admin_role_agent") : role === "admin" ? i18n.t("admin_role_admin") : role;
  }

  /** The archive identifies accounts by id, people by name. */
  function idOf(who: string | undefined): string | undefined {
    return [...names].find(([, name]) => name === who)?.[0] ?? who;
  }

  async function learnNames(): Promise<void> {
    if (names.size > 0) return;
    const answer = await call.get<{ items: Account[] }>("/admin/users");
    if (answer.what !== "seen") return;
    for (const { id, name } of answer.body.items) names.set(id, name);
    offer(known.who, [...names.values(), "token", "command line", "this machine"]);
  }

  return {
    element: el("div", { class: "past" }, form.element, known.who, known.action, lines.element),
    look: async () => {
      await learnNames();
      return lines.look();
    },
    went: ({ filters }) => {
      form.draw(filters);
      lines.begin();
    },
  };
}

function offer(place: HTMLElement, values: Iterable<string>): void {
  const all = [...values];
  if (place.children.length !== all.length) place.replaceChildren(...all.map((value) => el("option", { value })));
}
