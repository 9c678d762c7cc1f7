// A part of the console: an element, and how it follows the state.

import type { TeamI18n } from "../words/team.ts";
import type { Me } from "../wire/team.ts";
import type { Library } from "./library.ts";
import type { Search } from "./requests.ts";
import type { NamedProduct } from "./product-field.ts";
import type { ListName, Pane, Shown, State } from "./state.ts";

/** A part of the console. It draws the state and decides nothing. */
export interface Part {
  element: HTMLElement;
  /** Called on every change; returns quickly if its own part of the state is unchanged. */
  update(state: State, library: Library): void;
}

/** The actions of an agent; the console performs them. */
export interface Actions {
  list: (list: ListName) => void;
  show: (shown: Shown | undefined) => void;
  pane: (pane: Pane) => void;
  /** To the next or previous conversation of the list. */
  move: (by: number) => void;
  take: (conversation: string) => void;
  /** Asks for the colleague, or for a confirmation, and then performs the action. */
  hand: (conversation: string) => void;
  giveBack: (conversation: string) => void;
  close: (conversation: string) => void;
  write: (conversation: string, text: string) => void;
  note: (conversation: string, on: boolean) => void;
  send: (conversation: string) => void;
  sayAgain: (conversation: string, key: string) => void;
  takeBack: (conversation: string, key: string) => void;
  draft: (conversation: string) => void;
  dropDraft: (conversation: string) => void;
  attach: (conversation: string, picture: File) => void;
  detach: (conversation: string) => void;
  search: (search: Search) => void;
  /** Products whose name matches, best first. */
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
  /** The message was seen. */
  seen: () => void;
}

/** The dependencies of every part. */
export interface Maker {
  i18n: TeamI18n;
  actions: Actions;
  server: URL;
  me: Me;
}
