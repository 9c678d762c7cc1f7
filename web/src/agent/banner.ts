// The banner at the top: the connection, and messages to the agent.

import { button, el, fill, icon, set } from "../element.ts";
import type { Maker, Part } from "./part.ts";
import type { State } from "./state.ts";

export function banner({ i18n, actions }: Maker): Part {
  const link = el("div", { class: "notice", role: "status" });
  const notices = el("div", { class: "told", role: "alert" });
  const element = el("div", { class: "banners" }, link, notices);
  let shown: State | undefined;

  function update(state: State): void {
    if (shown?.link !== state.link) {
      set(link, { "data-link": state.link === "ended" ? "lost" : state.link });
      const word = { connecting: "link_connecting", lost: "agent_link_lost", back: "link_back", ended: "agent_ended", open: undefined } as const;
      const sentence = word[state.link];
      fill(
        link,
        sentence === undefined ? undefined : i18n.t(sentence),
        state.link === "lost" ? button({ class: "notice-now" }, actions.reconnect, i18n.t("link_now")) : undefined,
      );
    }
    if (shown?.told !== state.told) {
      const { told: what } = state;
      const close = i18n.t("agent_seen");
      if (what === undefined) fill(notices);
      else {
        const text = "word" in what ? i18n.t(what.word, what.values) : what.text;
        fill(notices, el("span", { dir: "auto" }, text), button({ class: "quiet round", "aria-label": close, title: close }, actions.seen, icon("close")));
      }
    }
    shown = state;
  }

  return { element, update };
}
