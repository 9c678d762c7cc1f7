// A part of the page: an element, and how it follows the state.

import type { State } from "../state.ts";
import type { Product } from "../wire/product.ts";
import type { Thumb } from "../wire/types.ts";
import type { I18n } from "../words/words.ts";
import type { Drafts } from "./draft.ts";

/** A part of the chat. It draws the state and decides nothing. */
export interface Part {
  element: HTMLElement;
  /** Draws the state. Called on every change; returns quickly if its own part of the state is unchanged. */
  update(state: State): void;
}

/** A chosen product, before its description is loaded. */
export type Known = Pick<Product, "id" | "name"> & Partial<Pick<Product, "brand" | "category" | "country">>;

/** The actions of a visitor; the chat performs them. */
export interface Actions {
  type: (text: string) => void;
  move: (by: number) => void;
  point: (at: number) => void;
  openList: () => void;
  closeList: () => void;
  /** Chooses the active option. */
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
  /** Hides the announcement. */
  hideAnnouncement: () => void;
  reconnect: () => void;
  /** Opens or closes the form for the reason of a handoff. */
  openHandoffForm: (on: boolean) => void;
  /** Requests an agent; the reason may be empty. */
  requestAgent: (reason: string) => void;
  /** Withdraws the request, or closes the form. */
  withdrawRequest: () => void;
  /** Sends a message, and the attached picture, to the agent. */
  sendMessage: (text: string) => void;
  /** Sends an unsent message again. */
  resend: (key: string) => void;
  /** Reports to the agent that the visitor starts or stops typing. */
  reportTyping: (on: boolean) => void;
  /** Sends an offline message. */
  sendOfflineMessage: (address: string, text: string) => void;
  /** Rates the answer of this turn. */
  rateAnswer: (turnId: string, thumb: Thumb) => void;
  /** Sends the comment of a rating; undefined declines. */
  commentAnswer: (turnId: string, comment: string | undefined) => void;
  /** Ends the conversation; with an agent, or a place in the queue, after a confirmation. */
  endConversation: () => void;
  /** Cancels the confirmation. */
  cancelEnd: () => void;
  /** Rates the conversation, from 1 to 5. */
  rateConversation: (rating: number, comment: string) => void;
  beginAnew: () => void;
  /** Saves the transcript: at once, or in a way that the visitor chooses if there are two. */
  takeTranscript: () => void;
  leaveTranscript: () => void;
  download: () => void;
  /** Sends the transcript to an address. */
  sendTranscript: (address: string, code?: string) => void;
  /** The notice about a lost conversation was seen. */
  lossSeen: () => void;
}

/** The dependencies of every part. */
export interface Maker {
  i18n: I18n;
  actions: Actions;
  /** Address of the server: the page's own origin, or that of the widget's script. */
  server: URL;
  /** The heading level of the chat: the first on our own page, the second on a foreign one. */
  heading: "h1" | "h2";
  /** The drafts. */
  drafts: Drafts;
  /** Prefix of element ids, so that two chats in one document share none. */
  prefix: string;
}
