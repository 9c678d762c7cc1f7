// The banner at the top: the connection, and messages to the agent.

import { button, el, fill, icon, set } from "../element.ts";
import type { Maker, Part } from "./part.ts";
import type { State } from "./state.ts";

export function banner({ voice, actions }: Maker): Part {
  const link = el("div", { class: "notice", role: "status" });
  const told = el("div", { class: "told", role: "alert" });
  const element = el("div", { class: "banners" }, link, told);
  let shown: State | undefined;

  function update(state: State): void {
    if (shown?.link !== state.link) {
      set(link, { "data-link": state.link === "ended" ? "lost" : state.link });
      const word = { connecting: "link_connecting", lost: "agent_link_lost", back: "link_back", ended: "agent_ended", open: undefined } as const;
      const said = word[state.link];
      fill(
        link,
        said === undefined ? undefined : voice.say(said),
        state.link === "lost" ? button({ class: "notice-now" }, actions.reconnect, voice.say("link_now")) : undefined,
      );
    }
    if (shown?.told !== state.told) {
      const { told: what } = state;
      const close = voice.say("agent_seen");
      if (what === undefined) fill(told);
      else {
        const said = "word" in what ? voice.say(what.word, what.values) : what.text;
        fill(told, el("span", { dir: "auto" }, said), button({ class: "quiet round", "aria-label": close, title: close }, actions.seen, icon("close")));
      }
    }
    shown = state;
  }

  return { element, update };
}
