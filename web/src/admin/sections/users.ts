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
  const { voice, call } = desk;
  const told = outcome();
  const says = el("p", { class: "says", role: "status" });
  const accounts = table<Account>(voice, {
    caption: voice.say("admin_users"),
    columns: [
      { name: "name", word: "admin_name", say: (it) => it.name },
      { name: "address", word: "agent_address", as: "code", say: (it) => it.address },
      { name: "role", word: "admin_role", say: (it) => voice.say(it.role === "admin" ? "admin_role_admin" : "admin_role_agent") },
      { name: "state", word: "admin_state", make: () => stateCell() },
      { name: "since", word: "admin_since", say: (it) => (it.created_ms === undefined ? "–" : momentOf(voice, it.created_ms)) },
      { name: "does", word: "admin_what_to_do", make: (latest) => actionsCell(latest) },
    ],
    key: (it) => it.id,
    state: (it) => (it.is_disabled ? "gave_up" : isLocked(it) ? "restarting" : "up"),
    empty: "admin_no_users",
  });
  const form = newForm();
  const elsewhere = el("p", { class: "hint", hidden: true }, voice.say("admin_users_elsewhere", { command: "hsc user" }));
  const element = el("div", { class: "past" }, told.element, says, elsewhere, accounts.element, form);

  async function look(): Promise<Became> {
    const answer = await call.get<{ items: Account[] }>("/admin/users");
    says.textContent = answer.what === "seen" || answer.what === "lost" ? "" : why(voice, answer);
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
        const said = it.is_disabled ? voice.say("admin_disabled") : isLocked(it) ? voice.say("admin_locked_until", { when: momentOf(voice, until) }) : voice.say("admin_may_sign_in");
        fill(standing, said);
      },
    };
  }

  function actionsCell(latest: () => Account) {
    const change = (pressed: HTMLButtonElement, more: Change, question?: Question): Promise<Answer<unknown> | undefined> => {
      const { id, name } = latest();
      const does = (): Promise<Answer<unknown>> => call.patch(`/admin/users/${encodeURIComponent(id)}`, more);
      const done = perform(desk, { pressed, told, ...(question === undefined ? {} : { question }), does, said: () => voice.say("admin_user_changed", { name }) });
      return done.finally(() => {
        desk.look();
      });
    };
    const role = button({ class: "action" }, () => {
      const { role: was, name } = latest();
      const word = was === "admin" ? "admin_make_agent" : "admin_make_admin";
      const question = { title: voice.say(word), why: voice.say(was === "admin" ? "admin_make_agent_why" : "admin_make_admin_why", { name }), yes: voice.say("admin_yes_change") };
      void change(role, { role: was === "admin" ? "agent" : "admin" }, question);
    });
    const access = button({ class: "action" }, () => {
      const { is_disabled, name } = latest();
      const question = { title: voice.say("admin_disable"), why: voice.say("admin_disable_why", { name }), yes: voice.say("admin_yes_disable") };
      void change(access, { is_disabled: !is_disabled }, is_disabled ? undefined : question);
    });
    const unlock = button({ class: "action" }, () => {
      void change(unlock, { unlock: true });
    }, voice.say("admin_unlock_user"));
    const password = button({ class: "action" }, () => {
      askPassword(latest().name, (typed) => change(password, { password: typed }));
    }, voice.say("admin_new_password"));
    return {
      element: el("div", { class: "does" }, role, access, unlock, password),
      draw: (it: Account) => {
        fill(role, voice.say(it.role === "admin" ? "admin_make_agent" : "admin_make_admin"));
        fill(access, voice.say(it.is_disabled ? "admin_enable" : "admin_disable"));
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
    }, voice.say("admin_no"));
    const inside = el(
      "form",
      { class: "new-password" },
      el("label", { for: "new-password" }, voice.say("admin_password")),
      field,
      el("p", { class: "hint" }, voice.say("admin_password_why")),
      wrong,
      el("div", { class: "dialog-does" }, no, el("button", { type: "submit", class: "action main" }, voice.say("admin_set_password"))),
    );
    inside.addEventListener("submit", (event) => {
      event.preventDefault();
      void change(field.value).then((answer) => {
        if (answer === undefined) return;
        if (answer.what === "seen") dialog.close();
        else wrong.textContent = why(voice, answer);
      });
    });
    dialog.append(el("h2", { id: "password-title", class: "dialog-title" }, voice.say("admin_new_password_of", { name })), inside);
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
    const name = field("name", voice.say("admin_name"), { type: "text", autocomplete: "off", maxlength: "80" });
    const address = field("address", voice.say("agent_address"), { type: "email", autocomplete: "off", dir: "ltr" });
    const password = field("password", voice.say("admin_password"), { type: "password", autocomplete: "new-password", dir: "ltr" });
    const role = el("select", { id: "user-role" }, el("option", { value: "agent" }, voice.say("admin_role_agent")), el("option", { value: "admin" }, voice.say("admin_role_admin")));
    const add = el("button", { type: "submit", class: "action main" }, voice.say("admin_add_user"));
    const said = outcome();
    const form = el(
      "form",
      { class: "new-user part" },
      el("h2", {}, voice.say("admin_new_user")),
      el("div", { class: "filters" }, name.whole, address.whole, el("div", { class: "filter" }, el("label", { for: "user-role" }, voice.say("admin_role")), role), password.whole, add),
      el("p", { class: "hint" }, voice.say("admin_password_why")),
      said.element,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const account = { name: name.input.value, address: address.input.value, role: role.value, password: password.input.value };
      const does = (): Promise<Answer<unknown>> => call.post("/admin/users", account);
      void perform(desk, { pressed: add, told: said, does, said: () => voice.say("admin_user_added", { name: account.name }) }).then((answer) => {
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
