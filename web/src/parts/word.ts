// What whoever runs the server tells everybody: shown until the visitor has put it away.

import { button, el, fill, icon, set } from "../element.ts";
import type { State } from "../state.ts";
import type { Maker, Part } from "./part.ts";

export function word({ voice, deeds }: Maker): Part {
  // There from the beginning, so that a screen reader listens when something comes.
  const element = el("div", { class: "word", role: "status" });
  let shown: State["notice"];
  return {
    element,
    update: ({ notice }) => {
      if (notice === shown) return;
      shown = notice;
      set(element, { "data-said": notice !== undefined });
      if (notice === undefined) {
        fill(element);
        return;
      }
      const label = voice.say("notice_close");
      const close = button({ class: "quiet round", "aria-label": label, title: label }, deeds.putAway, icon("close"));
      fill(element, el("strong", {}, voice.say("notice_title")), el("p", { dir: "auto" }, notice), close);
    },
  };
}
