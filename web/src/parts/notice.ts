// Notices about the connection: lost, open again, or a conversation that could not be recovered.

import { button, el, fill } from "../element.ts";
import type { State } from "../state.ts";
import type { Maker, Part } from "./part.ts";

export function notice({ i18n, actions }: Maker): Part {
  const element = el("div", { class: "notice", role: "status" });
  let shown: Pick<State, "link" | "forgotten"> | undefined;
  const notice = (word: "link_lost" | "link_back" | "link_elsewhere" | "link_closed" | "forgotten"): HTMLElement =>
    el("span", {}, i18n.t(word));
  const offers = (word: "link_now" | "link_here" | "forgotten_seen", action: () => void): HTMLElement =>
    button({ class: "notice-now" }, action, i18n.t(word));
  const content = ({ link, forgotten }: State): HTMLElement[] => {
    if (link === "lost") return [notice("link_lost"), offers("link_now", actions.reconnect)];
    if (link === "elsewhere") return [notice("link_elsewhere"), offers("link_here", actions.reconnect)];
    if (link === "closed") return [notice("link_closed"), offers("link_now", actions.reconnect)];
    const back = link === "back" ? [notice("link_back")] : [];
    return forgotten ? [...back, notice("forgotten"), offers("forgotten_seen", actions.lossSeen)] : back;
  };
  return {
    element,
    update: (state) => {
      const { link, forgotten } = state;
      if (link === shown?.link && forgotten === shown.forgotten) return;
      shown = { link, forgotten };
      const isAway = link === "elsewhere" || link === "closed" || link === "lost";
      element.dataset.link = forgotten && !isAway ? "forgotten" : link;
      fill(element, ...content(state));
    },
  };
}
