// The navigation to every section.

import { el, set } from "../element.ts";
import type { TeamI18n } from "../words/team.ts";
import { hashOf } from "./place.ts";
import type { Entry } from "./sections.ts";

export interface Navigation {
  element: HTMLElement;
  /** Marks the current section. */
  draw(current: string): void;
}

export function navigation(i18n: TeamI18n, sections: readonly Entry[]): Navigation {
  const links = sections.map(({ name, word }) => ({ name, link: el("a", { href: hashOf({ section: name }) }, i18n.t(word)) }));
  const list = el("ul", {}, ...links.map(({ link }) => el("li", {}, link)));
  const others = el(
    "ul",
    { class: "elsewhere" },
    el("li", {}, el("a", { href: "/agent" }, i18n.t("admin_console"))),
    el("li", {}, el("a", { href: "/sign-in" }, i18n.t("admin_account"))),
  );
  return {
    element: el("nav", { class: "sections", "aria-label": i18n.t("admin_sections") }, list, others),
    draw: (current) => {
      for (const { name, link } of links) {
        set(link, { "aria-current": name === current ? "page" : undefined });
        // In a narrow window the links are in one row, which scrolls.
        if (name === current) link.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    },
  };
}
