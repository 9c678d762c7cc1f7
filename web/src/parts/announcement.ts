// The announcement of the operator: shown until the visitor hides it.

import { button, el, fill, icon, set } from "../element.ts";
import type { State } from "../state.ts";
import type { Maker, Part } from "./part.ts";

export function announcementPart({ i18n, actions }: Maker): Part {
  // Present from the beginning, so that screen readers observe it.
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
      const label = i18n.t("notice_close");
      const close = button({ class: "quiet round", "aria-label": label, title: label }, actions.hideAnnouncement, icon("close"));
      fill(element, el("strong", {}, i18n.t("notice_title")), el("p", { dir: "auto" }, notice), close);
    },
  };
}
