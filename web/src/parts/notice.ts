// Says when the connection is lost and when it is back.

import { button, el, fill } from "../element.ts";
import type { State } from "../state.ts";
import type { Maker, Part } from "./part.ts";

export function notice({ voice, deeds }: Maker): Part {
  const element = el("div", { class: "notice", role: "status" });
  let shown: State["link"] | undefined;
  return {
    element,
    update: ({ link }) => {
      if (link === shown) return;
      shown = link;
      element.dataset.link = link;
      if (link === "lost") {
        const now = button({ class: "notice-now" }, deeds.reconnect, voice.say("link_now"));
        fill(element, el("span", {}, voice.say("link_lost")), now);
      } else {
        fill(element, link === "back" ? el("span", {}, voice.say("link_back")) : undefined);
      }
    },
  };
}
