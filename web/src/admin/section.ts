// A section of the administration, and what the page provides for it.

import type { TeamI18n } from "../words/team.ts";
import type { Answer, Became, ApiClient } from "./api-client.ts";
import type { Filters, Place } from "./place.ts";

/** A section, reached by the navigation. */
export interface Section {
  /** Draws the section in this language. Called again after a change of language, and at each visit. */
  open(desk: Desk): Opened;
}

/** An open section. */
export interface Opened {
  element: HTMLElement;
  /**
   * Requests data, draws it, and returns the result; the page handles the rest (an unreachable server, a sign-in).
   * Called at once, then every `everyMs` while the page is visible, and repeatedly while the server is unreachable.
   * Never called concurrently.
   */
  look(): Promise<Became>;
  /** Refresh interval, in milliseconds; without it there is no refresh. */
  everyMs?: number;
  /** The place within the section changed: an id, a filter. A `look` follows. */
  went?(place: Place): void;
  /** The section is removed from the page. */
  close?(): void;
}

/** What the page provides for a section. */
export interface Desk {
  i18n: TeamI18n;
  call: ApiClient;
  /** Parent of dialogs. */
  root: HTMLElement;
  /** The current place. */
  place(): Place;
  /** Goes to a place, like a link. */
  go(place: { section: string; id?: string | undefined; filters?: Filters }): void;
  /** Filters the list without a step in the browser's history, e.g. while the user types. */
  narrow(filters: Filters): void;
  /** Refreshes now. */
  look: () => void;
  /** True if there is a section with this name. */
  has(section: string): boolean;
  /** Announces a text to screen readers, once. */
  announce(words: string): void;
}

/** Why there is no data, for people: the server's message if it sent one. */
export function why(i18n: TeamI18n, answer: Exclude<Answer<unknown>, { what: "seen" }>): string {
  switch (answer.what) {
    case "forbidden":
      return i18n.t("admin_sign_in_to_read");
    case "unavailable":
      return i18n.t("admin_unavailable");
    case "refused":
      return answer.message === "" ? i18n.t("admin_not_done") : answer.message;
    case "lost":
      return i18n.t("admin_not_reached");
  }
}
