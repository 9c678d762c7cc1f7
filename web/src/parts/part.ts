// What a part of the page is: an element, and how it follows the state.

import type { State } from "../state.ts";
import type { Product } from "../wire/product.ts";
import type { Thumb } from "../wire/types.ts";
import type { Voice } from "../words/words.ts";
import type { Drafts } from "./draft.ts";

/** A part of the chat. It draws what it is given and decides nothing. */
export interface Part {
  element: HTMLElement;
  /** Draws the state. Called on every change; does little when its own part of the state is the same. */
  update(state: State): void;
}

/** What is known of a product that is picked, before it is described. */
export type Known = Pick<Product, "id" | "name"> & Partial<Pick<Product, "brand" | "category" | "country">>;

/** What a visitor can do; the chat does it. */
export interface Deeds {
  type: (text: string) => void;
  move: (by: number) => void;
  point: (at: number) => void;
  openList: () => void;
  closeList: () => void;
  /** Takes the option that is active. */
  take: () => void;
  pick: (product: Known) => void;
  change: (on: boolean) => void;
  scenario: (scenario: State["scenario"]) => void;
  attach: (file: File) => void;
  detach: () => void;
  ask: (question: string) => void;
  /** Asks the question of this turn again. */
  repeat: (turnId: string) => void;
  stop: () => void;
  /** Puts away what whoever runs the server had to say. */
  putAway: () => void;
  reconnect: () => void;
  /** Begins to write why a person is wanted, or leaves it. */
  wishing: (on: boolean) => void;
  /** Asks for a person; the reason may be empty. */
  wish: (reason: string) => void;
  /** Wants no person any more, or puts the form away. */
  withdraw: () => void;
  /** Sends a message, and the picture that is attached, to the agent. */
  say: (text: string) => void;
  /** Sends a message again that was not sent. */
  sayAgain: (key: string) => void;
  /** Tells the person that the visitor types, or no more. */
  composing: (on: boolean) => void;
  /** Leaves a message for when somebody is there. */
  leave: (address: string, text: string) => void;
  /** Says whether the answer of this turn helped. */
  judge: (turnId: string, thumb: Thumb) => void;
  /** Says why; undefined would rather not. */
  explain: (turnId: string, comment: string | undefined) => void;
  /** Ends the conversation; with a person there, or a place in line, it is asked once whether that is meant. */
  end: () => void;
  /** Does not end it after all. */
  stay: () => void;
  /** Rates the conversation, from 1 to 5. */
  rate: (rating: number, comment: string) => void;
  beginAnew: () => void;
  /** Takes the conversation along: at once, or by a way that is chosen where there are two. */
  takeTranscript: () => void;
  leaveTranscript: () => void;
  download: () => void;
  /** Has the conversation sent to an address. */
  mail: (address: string, code?: string) => void;
  /** Has seen that the server has lost what was said. */
  seen: () => void;
}

/** What every part is made with. */
export interface Maker {
  voice: Voice;
  deeds: Deeds;
  /** Where the server is: the page's own origin, or the widget script's. */
  server: URL;
  /** The heading of the chat: the first of a page of our own, a second in somebody else's. */
  heading: "h1" | "h2";
  /** What was typed and not sent. */
  drafts: Drafts;
  /** Begins the ids of elements, so that two chats in one document do not share any. */
  prefix: string;
}
