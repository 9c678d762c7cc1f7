// The right end of the bar: the agent's name, availability, alerts, and sign-out.

import { button, el, fill, icon, set } from "../element.ts";
import type { Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import type { State } from "./state.ts";

export function head({ i18n, actions, me }: Maker): Part {
  let state: State | undefined;
  let library: Library | undefined;
  const available = button({ class: "quiet available", role: "switch" }, () => {
    actions.available(!(state?.available ?? true));
  });
  const sound = button({ class: "quiet round" }, () => {
    actions.sound(!(library?.sound ?? true));
  });
  const notify = button({ class: "quiet notify", hidden: true, title: i18n.t("agent_notify") }, actions.notify, icon("bell"), el("span", {}, i18n.t("agent_notify")));
  const keys = button({ class: "quiet round for-keys", "aria-label": i18n.t("agent_shortcuts"), title: i18n.t("agent_shortcuts") }, actions.shortcuts, "?");
  const admin = me.role === "admin" ? el("a", { class: "quiet", href: "/admin" }, i18n.t("agent_admin")) : undefined;
  const out = button({ class: "quiet" }, actions.signOut, i18n.t("sign_out"));
  const element = el("div", { class: "desk-head chat" }, el("bdi", { class: "me", title: i18n.t("agent_me") }, me.name), available, notify, sound, keys, admin, out);

  function update(now: State, shelf: Library): void {
    if (state?.available !== now.available || state.link !== now.link) {
      set(available, { "aria-checked": now.available ? "true" : "false", "aria-label": i18n.t("agent_takes"), disabled: now.link === "connecting" || now.link === "lost" });
      fill(available, el("span", { class: "presence", "data-online": now.available }, i18n.t(now.available ? "agent_available" : "agent_break")));
    }
    if (library?.sound !== shelf.sound) {
      const label = i18n.t(shelf.sound ? "agent_mute" : "agent_unmute");
      set(sound, { "aria-label": label, title: label });
      fill(sound, icon(shelf.sound ? "sound" : "mute"));
    }
    notify.hidden = shelf.notices !== "unasked";
    [state, library] = [now, shelf];
  }

  return { element, update };
}
