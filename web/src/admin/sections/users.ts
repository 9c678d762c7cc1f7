// The accounts of the team and their roles; new ones are added here.

import { button, el, fill, set } from "../../element.ts";
import type { Account } from "../../wire/past.ts";
import type { Answer, Became } from "../api-client.ts";
import { outcome, perform, type Question } from "../action.ts";
import { momentOf } from "../past/moment.ts";
import { type Desk, type Opened, type Section, why } from "../section.ts";
import { table } from "../table.ts";

/** Changes of an account; absent fields stay. */
type Change = Partial<Pick<Account, "role" | "is_disabled">> & { password?: string; unlock?: boolean };

export const users: Section = { open };

function open(desk: Desk): Opened {
  const { i18n, call } = desk;
  const result = outcome();
  const status = el("p", { class: "says", role: "status" });
  const accounts = table<Account>(i18n, {
    caption: i18n.t("admin_users"),
    columns: [
      { name: "name", word: "admin_name", text: (it) => it.name },
      { name: "address", word: "agent_address", as: "code", text: (it) => it.address },
      { name: "role", word: "admin_role", text: (it) => i18n.t(it.role === "admin" ? "admin_role_admin" : "admin_role_agent") },
      { name: "state", word: "admin_state", make: () => stateCell() },
      { name: "since", word: "admin_since", text: (it) => (it.created_ms === undefined ? "–" : momentOf(i18n, it.created_ms)) },
      { name: "does", word: "admin_what_to_do", make: (latest) => actionsCell(latest) },
    ],
    key: (it) => it.id,
    state: (it) => (it.is_disabled ? "gave_up" : isLocked(it) ? "restarting" : "up"),
    empty: "admin_no_users",
  });
  const form = newForm();
  const elsewhere = el("p", { class: "hint", hidden: true }, i18n.t("admin_users_elsewhere", { command: "hsc user" }));
  const element = el("div", { class: "past" }, result.element, status, elsewhere, accounts.element, form);

  async function look(): Promise<Became> {
    const answer = await call.get<{ items: Account[] }>("/admin/users");
    status.textContent = answer.what === "seen" || answer.what === "lost" ? "" : why(i18n, answer);
    // The first account is created with the link that the server printed, or here.
    const hasSome = answer.what === "seen" && answer.body.items.length > 0;
    if (answer.what !== "lost") set(elsewhere, { hidden: hasSome || (answer.what !== "unavailable" && answer.what !== "seen") });
    if (answer.what !== "lost") form.hidden = !hasSome;
    if (answer.what === "seen") accounts.draw(answer.body.items);
    return answer.what;
  }

  function stateCell() {
    const standing = el("span", { class: "standing" });
    return {
      element: standing,
      draw: (it: Account) => {
        const until = it.locked_until_ms ?? 0;
        const state = it.is_disabled ? i18n.t("admin_disabled") : isLocked(it) ? i18n.t("admin_locked_until", { when: momentOf(i18n, until) }) : i18n.t("admin_may_sign_in");
        fill(standing, state);
      },
    };
  }

  function actionsCell(latest: () => Account) {
    const change = (pressed: HTMLButtonElement, more: Change, question?: Question): Promise<Answer<unknown> | undefined> => {
      const { id, name } = latest();
      const does = (): Promise<Answer<unknown>> => call.patch(`/admin/users/${encodeURIComponent(id)}`, more);
      const done = perform(desk, { pressed, result, ...(question === undefined ? {} : { question }), does, success: () => i18n.t("admin_user_changed", { name }) });
      return done.finally(() => {
        desk.look();
      });
    };
    const role = button({ class: "action" }, () => {
      const { role: was, name } = latest();
      const word = was === "admin" ? "admin_make_agent" : "admin_make_admin";
      const question = { title: i18n.t(word), why: i18n.t(was === "admin" ? "admin_make_agent_why" : "admin_make_admin_why", { name }), yes: i18n.t("admin_yes_change") };
      void change(role, { role: was === "admin" ? "agent" : "admin" }, question);
    });
    const access = button({ class: "action" }, () => {
      const { is_disabled, name } = latest();
      const question = { title: i18n.t("admin_disable"), why: i18n.t("admin_disable_why", { name }), yes: i18n.t("admin_yes_disable") };
      void change(access, { is_disabled: !is_disabled }, is_disabled ? undefined : question);
    });
    const unlock = button({ class: "action" }, () => {
      void change(unlock, { unlock: true });
    }, i18n.t("admin_unlock_user"));
    const password = button({ class: "action" }, () => {
      askPassword(latest().name, (typed) => change(password, { password: typed }));
    }, i18n.t("admin_new_password"));
    return {
      element: el("div", { class: "does" }, role, access, unlock, password),
      draw: (it: Account) => {
        fill(role, i18n.t(it.role === "admin" ? "admin_make_agent" : "admin_make_admin"));
        fill(access, i18n.t(it.is_disabled ? "admin_enable" : "admin_disable"));
        unlock.hidden = it.failures === 0 && !isLocked(it);
        for (const pressed of [role, access, unlock, password]) set(pressed, { "aria-label": `${pressed.textContent}: ${it.name}` });
      },
    };
  }

  /** Asks for a new password in a dialog of its own; it is sent to the server only. */
  function askPassword(name: string, change: (typed: string) => Promise<Answer<unknown> | undefined>): void {
    const wrong = el("p", { class: "wrong", role: "alert" });
    const field = el("input", { id: "new-password", type: "password", autocomplete: "new-password", required: true, dir: "ltr" });
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "password-title" });
    const no = button({ class: "action" }, () => {
      dialog.close();
    }, i18n.t("admin_no"));
    const inside = el(
      "form",
      { class: "new-password" },
      el("label", { for: "new-password" }, i18n.t("admin_password")),
      field,
      el("p", { class: "hint" }, i18n.t("admin_password_why")),
      wrong,
      el("div", { class: "dialog-does" }, no, el("button", { type: "submit", class: "action main" }, i18n.t("admin_set_password"))),
    );
    inside.addEventListener("submit", (event) => {
      event.preventDefault();
      void change(field.value).then((answer) => {
        if (answer === undefined) return;
        if (answer.what === "seen") dialog.close();
        else wrong.textContent = why(i18n, answer);
      });
    });
    dialog.append(el("h2", { id: "password-title", class: "dialog-title" }, i18n.t("admin_new_password_of", { name })), inside);
    dialog.addEventListener("close", () => {
      dialog.remove();
    });
    desk.root.append(dialog);
    dialog.showModal();
    field.focus();
  }

  function newForm(): HTMLFormElement {
    const field = (name: string, words: string, attributes: Record<string, string>): { input: HTMLInputElement; whole: HTMLElement } => {
      const id = `user-${name}`;
      const input = el("input", { id, required: true, ...attributes });
      return { input, whole: el("div", { class: "filter" }, el("label", { for: id }, words), input) };
    };
    const name = field("name", i18n.t("admin_name"), { type: "text", autocomplete: "off", maxlength: "80" });
    const address = field("address", i18n.t("agent_address"), { type: "email", autocomplete: "off", dir: "ltr" });
    const password = field("password", i18n.t("admin_password"), { type: "password", autocomplete: "new-password", dir: "ltr" });
    const role = el("select", { id: "user-role" }, el("option", { value: "agent" }, i18n.t("admin_role_agent")), el("option", { value: "admin" }, i18n.t("admin_role_admin")));
    const add = el("button", { type: "submit", class: "action main" }, i18n.t("admin_add_user"));
    const added = outcome();
    const form = el(
      "form",
      { class: "new-user part" },
      el("h2", {}, i18n.t("admin_new_user")),
      el("div", { class: "filters" }, name.whole, address.whole, el("div", { class: "filter" }, el("label", { for: "user-role" }, i18n.t("admin_role")), role), password.whole, add),
      el("p", { class: "hint" }, i18n.t("admin_password_why")),
      added.element,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const account = { name: name.input.value, address: address.input.value, role: role.value, password: password.input.value };
      const does = (): Promise<Answer<unknown>> => call.post("/admin/users", account);
      void perform(desk, { pressed: add, result: added, does, success: () => i18n.t("admin_user_added", { name: account.name }) }).then((answer) => {
        if (answer?.what !== "seen") return;
        form.reset();
        desk.look();
      });
    });
    return form;
  }

  return { element, look };
}

function isLocked({ locked_until_ms }: Account): boolean {
  return (locked_until_ms ?? 0) > Date.now();
}
