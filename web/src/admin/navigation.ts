// The navigation to every section.

import { el, set } from "../element.ts";
import type { TeamVoice } from "../words/team.ts";
import { hashOf } from "./place.ts";
import type { Entry } from "./sections.ts";

export interface Navigation {
  element: HTMLElement;
  /** Marks the current section. */
  draw(current: string): void;
}

export function navigation(voice: TeamVoice, sections: readonly Entry[]): Navigation {
  const links = sections.map(({ name, word }) => ({ name, link: el("a", { href: hashOf({ section: name }) }, voice.say(word)) }));
  const list = el("ul", {}, ...links.map(({ link }) => el("li", {}, link)));
  const others = el(
    "ul",
    { class: "elsewhere" },
    el("li", {}, el("a", { href: "/agent" }, voice.say("admin_console"))),
    el("li", {}, el("a", { href: "/sign-in" }, voice.say("admin_account"))),
  );
  return {
    element: el("nav", { class: "sections", "aria-label": voice.say("admin_sections") }, list, others),
    draw: (current) => {
      for (const { name, link } of links) {
        set(link, { "aria-current": name === current ? "page" : undefined });
        // In a narrow window the links are in one row, which scrolls.
        if (name === current) link.scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    },
  };
}
