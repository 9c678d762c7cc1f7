// The dialogs: select a colleague, confirm, canned replies, keyboard shortcuts.

import { button, el, fill, icon, set } from "../element.ts";
import type { TeamI18n } from "../words/team.ts";
import type { Presence } from "../wire/types.ts";
import type { Got, Reply } from "./requests.ts";
import { SHORTCUTS } from "./keys.ts";
import { type NamedProduct, productField } from "./product-field.ts";

/** Opens a dialog in `root`; closing removes it and restores the focus. */
function open(root: HTMLElement, i18n: TeamI18n, title: string, ...inside: Node[]): HTMLDialogElement {
  const close = i18n.t("widget_close");
  const dialog = el("dialog", { class: "dialog", "aria-label": title });
  const shut = button({ class: "quiet round", "aria-label": close, title: close }, () => {
    dialog.close();
  }, icon("close"));
  dialog.append(el("div", { class: "dialog-head" }, el("h2", {}, title), shut), ...inside);
  dialog.addEventListener("close", () => {
    dialog.remove();
  });
  // A click outside of the content hits the dialog element itself.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  root.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks for the colleague who gets a conversation. */
export function askColleague(root: HTMLElement, i18n: TeamI18n, colleagues: readonly Presence[], chosen: (id: string) => void): void {
  const rows = colleagues.map(({ agent, available }) => {
    const choose = (): void => {
      dialog.close();
      chosen(agent.id);
    };
    const state = el("span", { class: "presence", "data-online": available }, i18n.t(available ? "agent_available" : "agent_break"));
    return el("li", {}, button({ class: "colleague" }, choose, el("bdi", {}, agent.name), state));
  });
  const inside = rows.length === 0 ? el("p", { class: "hint" }, i18n.t("agent_nobody")) : el("ul", { class: "colleagues" }, ...rows);
  const dialog = open(root, i18n, i18n.t("agent_hand_to"), inside);
  dialog.querySelector<HTMLElement>(".colleague")?.focus();
}

/** Asks for a confirmation before a conversation is closed. */
export function askClose(root: HTMLElement, i18n: TeamI18n, confirmed: () => void): void {
  const yes = button({ class: "action main" }, () => {
    dialog.close();
    confirmed();
  }, i18n.t("agent_close_yes"));
  const no = button({ class: "action" }, () => {
    dialog.close();
  }, i18n.t("agent_keep"));
  const dialog = open(root, i18n, i18n.t("agent_close_title"), el("p", {}, i18n.t("agent_close_why")), el("div", { class: "dialog-does" }, no, yes));
  yes.focus();
}

/** Every keyboard shortcut and its action. */
export function showShortcuts(root: HTMLElement, i18n: TeamI18n): void {
  const rows = SHORTCUTS.map(({ keys, word }) =>
    el("tr", {}, el("td", { dir: "ltr" }, ...keys.flatMap((key, at) => [at > 0 ? " / " : undefined, el("kbd", {}, key)])), el("td", {}, i18n.t(word))),
  );
  const dialog = open(root, i18n, i18n.t("agent_shortcuts"), el("table", { class: "shortcuts" }, el("tbody", {}, ...rows)));
  dialog.querySelector<HTMLElement>("button")?.focus();
}

export interface RepliesActions {
  put(reply: { id?: string; shortcut: string; text: string; product?: string }): Promise<Got<unknown>>;
  remove(id: string): Promise<Got<unknown>>;
  products(typed: string): Promise<readonly NamedProduct[]>;
}

/** The canned replies: add, change, remove. Returns a function that updates the list. */
export function manageReplies(root: HTMLElement, i18n: TeamI18n, first: readonly Reply[], actions: RepliesActions): (replies: readonly Reply[]) => void {
  let editing: Reply | undefined;
  const shortcut = el("input", { id: "reply-shortcut", class: "input", dir: "ltr", required: true, maxlength: 40, autocomplete: "off" });
  const text = el("textarea", { id: "reply-text", class: "input", dir: "auto", required: true, rows: 4, maxlength: 2000 });
  const product = productField("reply-product", i18n.t("agent_reply_product"), (typed) => actions.products(typed));
  const wrong = el("p", { class: "complaint", role: "alert" });
  const save = el("button", { type: "submit", class: "action main" });
  const add = button({ class: "quiet" }, () => {
    edit(undefined);
  }, i18n.t("agent_reply_new"));
  const form = el(
    "form",
    { class: "reply-form" },
    el("label", { for: "reply-shortcut" }, i18n.t("agent_reply_shortcut")),
    shortcut,
    el("label", { for: "reply-text" }, i18n.t("agent_reply_text")),
    text,
    el("p", { class: "hint" }, i18n.t("agent_reply_blanks", { visitor: "{visitor}", product: "{product}" })),
    el("label", { for: "reply-product" }, i18n.t("agent_reply_product")),
    product.element,
    wrong,
    el("div", { class: "dialog-does" }, add, save),
  );
  const list = el("ul", { class: "replies" });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reply = { ...(editing === undefined ? {} : { id: editing.id }), shortcut: shortcut.value.trim().replace(/^\/+/, ""), text: text.value.trim() };
    const put = product.chosen().then((about) => actions.put(about === "" ? reply : { ...reply, product: about }));
    void done(put).then((isDone) => {
      if (isDone) edit(undefined);
    });
  });
  open(root, i18n, i18n.t("agent_replies"), list, form);
  edit(undefined);
  draw(first);
  return draw;

  async function done(asked: Promise<Got<unknown>>): Promise<boolean> {
    const got = await asked;
    wrong.textContent = got.is === "good" ? "" : got.is === "refused" && got.message !== "" ? got.message : i18n.t("agent_not_done");
    return got.is === "good";
  }

  function edit(reply: Reply | undefined): void {
    editing = reply;
    shortcut.value = reply?.shortcut ?? "";
    text.value = reply?.text ?? "";
    product.show(reply?.product ?? "");
    wrong.textContent = "";
    fill(save, i18n.t(reply === undefined ? "agent_reply_add" : "agent_reply_save"));
    set(add, { hidden: reply === undefined });
    shortcut.focus();
  }

  function draw(replies: readonly Reply[]): void {
    fill(list, ...replies.map((reply) => {
      const change = button({ class: "quiet" }, () => {
        edit(reply);
      }, i18n.t("agent_reply_edit"));
      set(change, { "aria-label": `${i18n.t("agent_reply_edit")} /${reply.shortcut}` });
      const away = button({ class: "quiet" }, () => void done(actions.remove(reply.id)), i18n.t("agent_reply_remove"));
      set(away, { "aria-label": `${i18n.t("agent_reply_remove")} /${reply.shortcut}` });
      const about = reply.product === null ? undefined : el("span", { class: "tag" }, reply.product);
      return el("li", {}, el("kbd", { dir: "ltr" }, `/${reply.shortcut}`), el("span", { class: "reply-text", dir: "auto" }, reply.text), about, change, away);
    }));
    list.hidden = replies.length === 0;
  }
}
