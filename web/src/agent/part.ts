// What a part of the console is: an element, and how it follows what is known.

import type { TeamVoice } from "../words/team.ts";
import type { Me } from "../wire/team.ts";
import type { Library } from "./library.ts";
import type { Search } from "./requests.ts";
import type { NamedProduct } from "./product-field.ts";
import type { ListName, Pane, Shown, State } from "./state.ts";

/** A part of the console. It draws what it is given and decides nothing. */
export interface Part {
  element: HTMLElement;
  /** Called on every change; does little when its own part of what is known is the same. */
  update(state: State, library: Library): void;
}

/** What an agent can do; the console does it. */
export interface Deeds {
  list: (list: ListName) => void;
  show: (shown: Shown | undefined) => void;
  pane: (pane: Pane) => void;
  /** To the next conversation of the list, or the one before. */
  move: (by: number) => void;
  take: (conversation: string) => void;
  /** Asks to whom, or whether, and does it then. */
  hand: (conversation: string) => void;
  giveBack: (conversation: string) => void;
  close: (conversation: string) => void;
  write: (conversation: string, text: string) => void;
  note: (conversation: string, on: boolean) => void;
  say: (conversation: string) => void;
  sayAgain: (conversation: string, key: string) => void;
  takeBack: (conversation: string, key: string) => void;
  draft: (conversation: string) => void;
  dropDraft: (conversation: string) => void;
  attach: (conversation: string, picture: File) => void;
  detach: (conversation: string) => void;
  search: (search: Search) => void;
  /** Products that are called like this, the best first. */
  products: (typed: string) => Promise<readonly NamedProduct[]>;
  /** The next part of a list. */
  more: (list: "past" | "left") => void;
  available: (on: boolean) => void;
  sound: (on: boolean) => void;
  notify: () => void;
  replies: () => void;
  shortcuts: () => void;
  signOut: () => void;
  reconnect: () => void;
  /** Has seen what was told. */
  seen: () => void;
}

/** What every part is made with. */
export interface Maker {
  voice: TeamVoice;
  deeds: Deeds;
  server: URL;
  me: Me;
}
