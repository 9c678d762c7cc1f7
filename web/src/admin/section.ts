// What a section of administration is, and what it is given.

import type { TeamVoice } from "../words/team.ts";
import type { Answer, Became, Caller } from "./caller.ts";
import type { Filters, Place } from "./place.ts";

/** One part of the page, reached by the navigation. */
export interface Section {
  /** Draws it, in this voice. Called again for another language, and whenever somebody comes back to it. */
  open(desk: Desk): Opened;
}

/** A section that is in the page. */
export interface Opened {
  element: HTMLElement;
  /** Asks the server and draws what it says, and says what became of it; the page says the rest: that the
   * server is away, that somebody has to sign in. Called at once, again every `everyMs` while somebody looks
   * at the page, and again and again while the server is away. Never called twice at the same time. */
  look(): Promise<Became>;
  /** How often it looks by itself, in milliseconds; none looks once. */
  everyMs?: number;
  /** The place within the section is another: an id, a filter. A look follows. */
  went?(place: Place): void;
  /** It goes out of the page. */
  close?(): void;
}

/** What the page gives to a section. */
export interface Desk {
  voice: TeamVoice;
  call: Caller;
  /** Where dialogs are put. */
  root: HTMLElement;
  /** Where somebody is now. */
  place(): Place;
  /** Goes to a place, as a link does. */
  go(place: { section: string; id?: string | undefined; filters?: Filters }): void;
  /** Narrows what is shown, without a step for the way back of the browser: somebody types. */
  narrow(filters: Filters): void;
  /** Looks now, out of turn. */
  look: () => void;
  /** True when there is a section of this name to lead to. */
  has(section: string): boolean;
  /** Says something to whoever hears the page, once. */
  tell(words: string): void;
}

/** Why there is no answer, for people: what the server says where it says something. */
export function why(voice: TeamVoice, answer: Exclude<Answer<unknown>, { what: "seen" }>): string {
  switch (answer.what) {
    case "forbidden":
      return voice.say("admin_sign_in_to_read");
    case "unavailable":
      return voice.say("admin_unavailable");
    case "refused":
      return answer.message === "" ? voice.say("admin_not_done") : answer.message;
    case "lost":
      return voice.say("admin_not_reached");
  }
}
