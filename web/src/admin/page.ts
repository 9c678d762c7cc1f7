// The page at `/admin`: its sections, one at a time, live; and the sign-in form if the server requires it.

import { button, el, fill } from "../element.ts";
import { found, frame } from "../frame.ts";
import "../style/admin.css";
import { type TeamI18n, teamI18nOf } from "../words/team.ts";
import { ApiClient } from "./api-client.ts";
import { signInForm, wasAt } from "./sign-in-form.ts";
import { navigation } from "./navigation.ts";
import { hashOf, type Place, placeOf } from "./place.ts";
import type { Desk, Opened } from "./section.ts";
import { type Entry, first, sections } from "./sections.ts";
import { type RefreshTarget, refresher } from "./refresher.ts";

const server = new URL(location.origin);
const root = found("#admin", HTMLElement);
let link: "waiting" | "live" | "lost" | "locked" | "refused" = "waiting";
/** True after a successful request: a refusal after that means that the session ended. */
let wasIn = false;

const before = wasAt();
if (location.hash === "" && before !== "") history.replaceState(null, "", before);
let place = here();

const call = new ApiClient(server, (refused) => {
  link = refused ? "refused" : "locked";
  watching.rest();
  // Hides data from a user who may not see it any more.
  view.shut();
});
const watching = refresher((became) => {
  if (link === "locked" || link === "refused") return;
  link = became === "lost" ? "lost" : "live";
  wasIn ||= became === "seen";
  view.update();
});

const language = frame("admin_page", (tag) => {
  const isShut = link === "locked" || link === "refused";
  view.close();
  view = draw(teamI18nOf(tag));
  if (isShut) view.shut();
  else view.open();
}, teamI18nOf);
let view = draw(teamI18nOf(language));
view.open();

window.addEventListener("hashchange", () => {
  const from = place.section;
  place = here();
  view.went(from !== place.section);
});

/** The current place; the first section if the address names no known one. */
function here(): Place {
  const requested = placeOf(location.hash);
  return sections.some(({ name }) => name === requested.section) ? requested : { section: first.name, id: undefined, filters: {} };
}

interface View {
  update(): void;
  /** Draws the section of the place anew. */
  open(): void;
  /** Removes the section, and shows the sign-in form. */
  shut(): void;
  close(): void;
  /** The place changed; `isOther` if the section changed. */
  went(isOther: boolean): void;
}

function draw(i18n: TeamI18n): View {
  const notice = el("div", { class: "notice", role: "status" });
  const news = el("div", { class: "unseen", "aria-live": "polite" });
  const entrance = signInForm(i18n, (token) => {
    call.unlock(token);
    link = "waiting";
    open();
  });
  const ways = navigation(i18n, sections);
  const title = el("h1", { class: "title", tabindex: -1 });
  const shown = el("div", { class: "section" });
  const again = button({ class: "notice-now" }, () => {
    watching.now();
  }, i18n.t("link_now"));
  fill(root, notice, el("div", { class: "watch" }, ways.element, el("div", { class: "seen" }, title, entrance.element, shown)), news);
  let opened: Opened | undefined;
  /** The current section; a section that loads after the user has moved on is not shown. */
  let current: RefreshTarget | undefined;
  let shownLink: typeof link | undefined;

  const desk: Desk = {
    i18n,
    call,
    root,
    place: () => place,
    go: (to) => {
      location.hash = hashOf(to);
    },
    narrow: (filters) => {
      place = { ...place, filters };
      history.replaceState(null, "", hashOf(place));
      went(false);
    },
    look: () => {
      watching.now();
    },
    has: (section) => sections.some(({ name }) => name === section),
    announce: (words) => {
      news.textContent = words;
    },
  };

  function update(): void {
    root.dataset.link = link;
    const isAsked = link === "locked" || link === "refused";
    if (isAsked) entrance.ask(link === "refused", wasIn);
    else if (link === "live") entrance.hide();
    // The connection was lost while a token is being entered: the form and its text stay.
    const isShut = isAsked || (link === "lost" && !entrance.element.hidden);
    // While a token is being checked there is no data to show yet.
    shown.hidden = isShut;
    if (link === shownLink) return;
    shownLink = link;
    notice.dataset.link = link;
    if (link === "lost") fill(notice, el("span", {}, i18n.t("admin_lost")), again);
    else fill(notice);
  }

  function open(): void {
    close();
    const entry = entryOf(place);
    name(entry);
    root.dataset.section = entry.name;
    fill(shown);
    const sight: RefreshTarget = {
      look: async () => {
        const seen = opened ?? (await into(entry, sight));
        sight.everyMs = seen?.everyMs;
        if (seen !== undefined) return seen.look();
        return (await call.ready()) === undefined ? "lost" : "refused";
      },
    };
    current = sight;
    watching.at(sight);
    update();
  }

  /** Loads a section and shows it, if the user still wants it. */
  async function into(entry: Entry, sight: RefreshTarget): Promise<Opened | undefined> {
    const section = await entry.load().catch(() => undefined);
    if (current !== sight) return undefined;
    if (section === undefined) {
      // A server that responds without the script is of another version; an unreachable one is reported as such.
      fill(shown, el("p", { class: "nothing" }, i18n.t("admin_not_loaded")));
      return undefined;
    }
    opened = section.open(desk);
    fill(shown, opened.element);
    return opened;
  }

  function entryOf({ section }: Place): Entry {
    return sections.find(({ name }) => name === section) ?? first;
  }

  function name({ word, name }: Entry): void {
    title.textContent = i18n.t(word);
    document.title = `${i18n.t(word)} · ${i18n.t("admin_page")} · HSC`;
    ways.draw(name);
  }

  function close(): void {
    opened?.close?.();
    opened = undefined;
    current = undefined;
  }

  function went(isOther: boolean): void {
    if (link === "locked" || link === "refused") {
      name(entryOf(place));
      return;
    }
    if (isOther) {
      open();
      root.scrollTop = 0;
      // After a navigation a screen reader continues at the heading.
      title.focus();
      return;
    }
    opened?.went?.(place);
    watching.now();
  }

  return {
    update,
    open,
    shut: () => {
      close();
      fill(shown);
      name(entryOf(place));
      update();
    },
    close,
    went,
  };
}
