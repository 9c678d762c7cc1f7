// The state of the chat as plain data, and the reducer of its actions.
//
// No socket, no clock, no element: the connection and the views dispatch `Action`s.

import { interrupted, noHandoff, notSent, type Handoff, reduceHandoff, type HandoffAction, receiveHandoff, requestRefused } from "./handoff/state.ts";
import { withoutRatings, type Ending, type AnswerRating, reduceRating, type RatingAction, receiveRating, type Transcript, unrated } from "./rating/state.ts";
import { isRefusal } from "./wire/connection.ts";
import type { Product } from "./wire/product.ts";
import type { FinalAnswer, Highlight, Limits, Prediction, Scenario, ServerMessage } from "./wire/types.ts";
import type { Word } from "./words/words.ts";

/** A product in the list, from a compact prediction. */
export interface Option {
  id: string;
  name: string;
  brand: string;
  category: string;
  confidence: number;
  matched: readonly Highlight[];
  /** True if the catalog has a manual for it. */
  manual: boolean;
}

/** A text of the search field that the server interprets, and the result. */
export interface Reading {
  /** The text, and the id of its request. */
  text: string;
  id: string;
  done: boolean;
  /** The product that the text certainly names, and the rest of the text. */
  detected: { option: Option; question: string } | undefined;
  /** The intended text, if it was typed with another keyboard layout. */
  corrected: string | undefined;
}

/** A place in the thread from which on another product is the topic. */
export interface ProductChange {
  at: number;
  product: Pick<Product, "id" | "name">;
}

/** Why there is no answer: a phrase of the page, or the server's text. */
export type Trouble = { word: Word } | { text: string };

/** A question and its answer. */
export interface Turn {
  /** The id of the question on the wire. */
  id: string;
  /** Its place in the thread, among the entries of the chat with an agent. */
  at: number;
  product: Product;
  question: string;
  scenario: Scenario;
  image: string | undefined;
  stage: "waiting" | "reading" | "thinking" | "answering" | "done" | "failed";
  /** Its place in the answer queue of the server; 1 is next. */
  place: number | undefined;
  text: string;
  end: FinalAnswer | undefined;
  /** The offset of the answer's end, by which it is rated. */
  offset?: number | undefined;
  opinion?: AnswerRating | undefined;
  trouble: Trouble | undefined;
}

export interface State {
  /**
   * `back` is open again after a loss, until the visitor has been notified; `elsewhere` is a conversation that
   * continues in another window, `closed` one that an admin closed.
   */
  link: "connecting" | "open" | "lost" | "back" | "elsewhere" | "closed";
  /** True if the server lost the conversation, until the visitor has seen the notice. */
  forgotten: boolean;
  limits: Limits | undefined;
  /** The text of the search field, and the id of its request. */
  typed: string;
  typedId: string;
  /** The search results; `found` is their query. */
  options: readonly Option[];
  found: string | undefined;
  /** The interpretation of the whole text, once typing paused. */
  reading: Reading | undefined;
  /** Some products for an empty search field. */
  sample: readonly Option[];
  /** Index of the option that Enter chooses; -1 is none. */
  active: number;
  listOpen: boolean;
  product: Product | undefined;
  /** True while another product is being searched. */
  changing: boolean;
  /** True while the visitor is on the start page although a product is chosen. */
  home: boolean;
  changes: readonly ProductChange[];
  /** Section titles of the manual of the product with this id. */
  sections: { product: string; titles: readonly string[] } | undefined;
  scenario: Scenario;
  image: string | undefined;
  turns: readonly Turn[];
  handoff: Handoff;
  ending: Ending;
  transcript: Transcript;
  /** The next place in the thread. */
  next: number;
  /** Unseen rows of the thread (see {@link rowOfTurn} and {@link rowOfEntry}). */
  unread: readonly string[];
  /** The operator's announcement, until the visitor hides it. */
  notice: string | undefined;
}

export type Action =
  /** `anew`: another conversation than before. */
  | { what: "opened"; limits: Limits; recovered: boolean; lost: boolean; anew?: boolean }
  | { what: "dropped" }
  | { what: "takenOver" }
  | { what: "dismissed" }
  | { what: "toldForgotten" }
  | { what: "toldBack" }
  | { what: "received"; message: ServerMessage; id: string | undefined; offset?: number | undefined }
  | { what: "refused"; id: string }
  | { what: "typed"; text: string; id: string }
  | { what: "paused"; text: string; id: string }
  | { what: "moved"; by: number }
  | { what: "pointed"; at: number }
  | { what: "listOpened" }
  | { what: "listClosed" }
  | { what: "picked"; product: Product }
  | { what: "described"; product: Product }
  | { what: "changing"; on: boolean }
  | { what: "home" }
  | { what: "sections"; product: string; titles: readonly string[] }
  | { what: "seen"; rows: readonly string[] }
  | { what: "scenario"; scenario: Scenario }
  | { what: "image"; image: string | undefined }
  | { what: "asked"; id: string; product: Product; question: string; scenario?: Scenario; image: string | undefined }
  | { what: "noticeRead" }
  | { what: "stopped" }
  | HandoffAction
  | RatingAction;

export const beginning: State = {
  link: "connecting",
  forgotten: false,
  limits: undefined,
  typed: "",
  typedId: "",
  options: [],
  found: undefined,
  reading: undefined,
  sample: [],
  active: -1,
  listOpen: false,
  product: undefined,
  changing: false,
  home: false,
  changes: [],
  sections: undefined,
  scenario: "general",
  image: undefined,
  turns: [],
  handoff: noHandoff,
  ...unrated,
  next: 0,
  unread: [],
  notice: undefined,
};

/** The part of the state that survives a reload of the page. */
export type KeptState = Pick<State, "product" | "scenario" | "turns" | "handoff" | "next"> & Partial<Pick<State, "ending" | "changes" | "unread">>;

/**
 * The state after a reload of the page: with the thread, without the connection. `onTheirWay` are the ids of the
 * messages that the connection sends again by itself.
 */
export function restored(stored: KeptState, onTheirWay: readonly string[] = []): State {
  return { ...beginning, ...stored, handoff: interrupted(stored.handoff, new Set(onTheirWay)) };
}

/** True while the start page is shown: no product is chosen, and no agent has the conversation. */
export function isStart(state: State): boolean {
  return (state.product === undefined || state.home) && !isTalking(state);
}

/** True while the visitor waits for an agent or has one: that conversation is always visible. */
export function isTalking({ handoff }: State): boolean {
  return handoff.entries.length > 0 || handoff.stage === "asking" || handoff.stage === "waiting" || handoff.stage === "with";
}

/** The scenario of a question: the chosen one, if it applies to the product. */
export function scenarioFor({ scenario }: State, product: Product | undefined): Scenario {
  return product?.scenarios.includes(scenario) === true ? scenario : "general";
}

/** The name of a turn's row. */
export function rowOfTurn(id: string): string {
  return `turn ${id}`;
}

/** The name of an entry's row. */
export function rowOfEntry(key: string): string {
  return `entry ${key}`;
}

/** Number of unread messages of an agent and of unread answers; events are not counted. */
export function unreadMessages({ unread, turns, handoff }: State): number {
  const messages = [
    ...turns.map(({ id }) => rowOfTurn(id)),
    ...handoff.entries.filter(({ kind }) => kind === "said").map(({ key }) => rowOfEntry(key)),
  ];
  return messages.filter((row) => unread.includes(row)).length;
}

/** True while the turn may still be answered. */
export function isOpen(turn: Turn): boolean {
  return turn.stage !== "done" && turn.stage !== "failed";
}

export function reduce(state: State, action: Action): State {
  const after = applied(state, action);
  return action.what === "received" ? withUnread(state, after) : after;
}

/** Adds the rows that came from the server: answers, messages of an agent, events. */
function withUnread(before: State, after: State): State {
  const rows: string[] = [];
  if (before.turns !== after.turns) {
    const begun = ({ stage }: Turn): boolean => stage === "answering" || stage === "done" || stage === "failed";
    const earlier = new Set(before.turns.filter(begun).map(({ id }) => id));
    rows.push(...after.turns.filter((turn) => begun(turn) && !earlier.has(turn.id)).map(({ id }) => rowOfTurn(id)));
  }
  if (before.handoff.entries !== after.handoff.entries) {
    const earlier = new Set(before.handoff.entries.map(({ key }) => key));
    const isTheirs = (entry: Handoff["entries"][number]): boolean => entry.kind === "event" || entry.from === "agent";
    rows.push(...after.handoff.entries.filter((entry) => isTheirs(entry) && !earlier.has(entry.key)).map(({ key }) => rowOfEntry(key)));
  }
  return rows.length === 0 ? after : { ...after, unread: [...after.unread, ...rows] };
}

function applied(state: State, action: Action): State {
  switch (action.what) {
    case "opened": {
      const here = action.anew === true ? withoutRatings(state) : state;
      return {
        ...here,
        link: state.link === "lost" || state.link === "back" ? "back" : "open",
        // Without messages there is nothing to lose.
        forgotten: state.forgotten || (action.lost && state.turns.length > 0),
        limits: action.limits,
        // A lost conversation answers its open questions from the beginning.
        turns: action.recovered ? here.turns : here.turns.map((turn) => (isOpen(turn) ? again(turn) : turn)),
        // Another conversation has no agent yet; the old messages stay readable.
        handoff: action.anew === true ? { ...noHandoff, entries: state.handoff.entries } : state.handoff,
      };
    }
    case "dropped":
      return { ...state, link: "lost" };
    case "takenOver":
      return { ...state, link: "elsewhere" };
    case "dismissed":
      return { ...state, link: "closed" };
    case "toldForgotten":
      return { ...state, forgotten: false };
    case "toldBack":
      return state.link === "back" ? { ...state, link: "open" } : state;
    case "received":
      return received(state, action);
    case "refused":
      return {
        ...changed(state, action.id, failed({ word: "error_too_large" })),
        handoff: notSent(state.handoff, action.id, { word: "error_too_large" }),
      };
    case "typed": {
      const empty = action.text.trim() === "";
      const more = empty ? { options: [], found: undefined, reading: undefined, active: -1 } : {};
      return { ...state, typed: action.text, typedId: action.id, listOpen: !empty, ...more };
    }
    case "paused":
      return { ...state, reading: { text: action.text, id: action.id, done: false, detected: undefined, corrected: undefined } };
    case "moved":
      return moved(state, action.by);
    case "pointed":
      return { ...state, active: action.at };
    case "listOpened":
      return { ...state, listOpen: state.typed.trim() !== "" };
    case "listClosed":
      return { ...state, listOpen: false };
    case "picked":
      return {
        ...withChange(state, action.product),
        product: action.product,
        changing: false,
        home: false,
        typed: "",
        options: [],
        found: undefined,
        reading: undefined,
        active: -1,
        listOpen: false,
      };
    case "described":
      return state.product?.id === action.product.id ? { ...state, product: action.product } : state;
    case "changing":
      return { ...state, changing: action.on, home: false, typed: "", options: [], found: undefined, reading: undefined, listOpen: false };
    case "home":
      if (state.product === undefined) return state;
      // The conversation with an agent stays visible; another product is searched above it.
      return isTalking(state)
        ? { ...state, changing: true }
        : { ...state, home: true, changing: false, typed: "", options: [], found: undefined, reading: undefined, listOpen: false };
    case "sections": {
      const { product, titles } = action;
      return { ...state, sections: { product, titles } };
    }
    case "seen": {
      const unread = state.unread.filter((row) => !action.rows.includes(row));
      return unread.length === state.unread.length ? state : { ...state, unread };
    }
    case "scenario":
      return { ...state, scenario: action.scenario };
    case "image":
      return { ...state, image: action.image };
    case "asked": {
      const here = withChange(state, action.product);
      return {
        ...here,
        forgotten: false,
        image: undefined,
        turns: [...here.turns, askedTurn(here, action)],
        next: here.next + 1,
      };
    }
    case "noticeRead":
      return { ...state, notice: undefined };
    case "stopped":
      // The server sends the end of each stopped answer; without a connection the page ends them itself.
      if (state.link === "open" || state.link === "back") return state;
      return { ...state, turns: state.turns.map((turn) => (isOpen(turn) ? failed({ word: "stopped" })(turn) : turn)) };
    case "begunAnew":
      return { ...beginning, product: state.product, scenario: state.scenario, sample: state.sample };
    case "thumbed":
    case "askedWhy":
    case "explained":
    case "unexplained":
    case "ending":
    case "rated":
    case "transcript":
      return reduceRating(state, action);
    case "wishing":
    case "wished":
    case "withdrawn":
    case "wrote":
    case "uploaded":
    case "notSent":
    case "discarded":
    case "letter":
      return { ...state, image: action.what === "wrote" ? undefined : state.image, ...withHandoff(state, reduceHandoff(state.handoff, action, state.next)) };
  }
}

/** Sets the handoff's state; new entries of the thread have taken a place. */
function withHandoff(state: State, handoff: Handoff): Pick<State, "handoff" | "next"> {
  return { handoff, next: Math.max(state.next, ...handoff.entries.map(({ at }) => at + 1)) };
}

/**
 * Marks that another product is the topic from here on. Without earlier messages, or for the same product, there is
 * no mark.
 */
function withChange(state: State, product: Product): State {
  const { turns, handoff, changes, next } = state;
  const places = [...turns, ...handoff.entries].map(({ at }) => at);
  const before = [...turns.map(({ at, product: { id } }) => ({ at, id })), ...changes.map(({ at, product: { id } }) => ({ at, id }))]
    .sort((one, other) => one.at - other.at)
    .at(-1);
  if (places.length === 0 || before?.id === product.id) return state;
  // A change without a message after it is removed.
  const last = Math.max(...places);
  const earlierChanges = changes.filter(({ at }) => at < last);
  const earlier = [...turns.map(({ at, product: { id } }) => ({ at, id })), ...earlierChanges.map(({ at, product: { id } }) => ({ at, id }))]
    .sort((one, other) => one.at - other.at)
    .at(-1);
  if (earlier?.id === product.id) return { ...state, changes: earlierChanges };
  const { id, name } = product;
  return { ...state, changes: [...earlierChanges, { at: next, product: { id, name } }], next: next + 1 };
}

function askedTurn(state: State, { id, product, question, image, ...rest }: Action & { what: "asked" }): Turn {
  const { next: at } = state;
  const scenario = rest.scenario ?? scenarioFor(state, product);
  const nothing = { place: undefined, text: "", end: undefined, trouble: undefined };
  return { id, at, product, question, scenario, image, stage: "waiting", ...nothing };
}

/** Opens a turn for a message that an agent left unanswered: the assistant answers it under its id. */
function openAssistantTurn(state: State, id: string | undefined): State {
  if (id === undefined || state.product === undefined || state.turns.some((turn) => turn.id === id)) return state;
  const message = state.handoff.entries.find((entry) => entry.kind === "said" && entry.from === "visitor" && entry.key === id);
  if (message?.kind !== "said") return state;
  const turn = askedTurn(state, { what: "asked", id, product: state.product, question: message.text, image: undefined });
  return { ...state, turns: [...state.turns, turn], next: state.next + 1 };
}

function received(before: State, { message, id, offset }: Action & { what: "received" }): State {
  const answers = message.type === "status" || message.type === "answer_chunk";
  const state = answers ? openAssistantTurn(before, id) : before;
  const rated = receiveRating(state, message, id);
  if (rated !== undefined) return rated;
  // A question that was passed to the agent becomes a message in the same place.
  const taken = message.type === "message" ? state.turns.find((turn) => turn.id === id && isOpen(turn)) : undefined;
  const handoff = receiveHandoff(state.handoff, message, id, taken?.at ?? state.next);
  if (handoff !== undefined) {
    const turns = taken === undefined ? state.turns : state.turns.filter((turn) => turn !== taken);
    return { ...state, ...withHandoff(state, handoff), turns };
  }
  switch (message.type) {
    case "prediction":
      return predicted(state, message.data, id);
    case "understood":
      return understood(state, message, id);
    case "status":
      if (isRefusal(message)) return changed(state, id, failed({ word: "error_product_gone" }));
      return changed(state, id, (turn) => ({
        ...turn,
        place: undefined,
        stage: turn.stage === "waiting" && message.msg.startsWith("Reading") ? "reading" : "thinking",
      }));
    case "answer_chunk":
      return changed(state, id, (turn) => ({ ...turn, stage: "answering", text: turn.text + message.content }));
    case "final_answer":
      return changed(state, id, (turn) => ({ ...turn, stage: "done", end: message, offset }));
    case "error":
      if (!state.turns.some((turn) => turn.id === id)) return { ...state, handoff: requestRefused(state.handoff, message.message) };
      return changed(state, id, failed(trouble(message)));
    case "queue":
      if (message.for !== "answer") return state;
      return changed(state, id, (turn) => (turn.stage === "waiting" ? { ...turn, place: message.place } : turn));
    case "notice":
      return { ...state, notice: message.message };
    default:
      // The protocol adds message types; a page ignores unknown ones.
      return state;
  }
}

function trouble(error: ServerMessage & { type: "error" }): Trouble {
  switch (error.code) {
    case "rate_limited":
    case "too_many_questions":
    case "invalid_image":
    case "internal":
      return { word: `error_${error.code}` };
    default:
      return { text: error.message };
  }
}

function predicted(state: State, data: readonly Prediction[], id: string | undefined): State {
  if (id !== state.typedId) return state; // A response to an earlier text.
  const options = data.flatMap(option);
  if (state.typed.trim() === "") return { ...state, sample: options };
  // The interpretation of the whole text is known already and is better.
  if (readingOf(state)?.done === true) return state;
  return { ...state, options, found: state.typed, active: isMatch(options[0]) ? 0 : -1 };
}

/** Confidence from which a product counts as a match. */
const MATCH = 50;
/** Confidence from which the first product of a whole text is opened without a choice. */
const OPENS = 75;

function isMatch(option: Option | undefined, least = MATCH): boolean {
  return option !== undefined && option.confidence >= least;
}

/** The interpretation of the field's present text. */
export function readingOf({ reading, typed }: State): Reading | undefined {
  return reading?.text === typed.trim() && reading.text !== "" ? reading : undefined;
}

function understood(state: State, message: ServerMessage & { type: "understood" }, id: string | undefined): State {
  const reading = readingOf(state);
  if (reading === undefined || reading.id !== id) return state; // The text has changed.
  const options = message.data.flatMap(option);
  const named = message.detected ?? undefined;
  const corrected = message.corrected ?? undefined;
  const detected = named && {
    option: { ...named.product, brand: named.brand.name, confidence: named.confidence, matched: [] },
    question: named.question,
  };
  const done = { ...reading, done: true, detected, corrected };
  // A visitor who already moves through the list is not disturbed.
  if (state.active > 0) return { ...state, reading: done };
  const least = reading.text.includes(" ") ? OPENS : MATCH;
  const isSure = detected !== undefined || isMatch(options[0], least);
  return { ...state, reading: done, options, found: state.typed, active: isSure ? 0 : -1 };
}

/** The page sends `compact`, so predictions are lean; other forms are ignored. */
function option(prediction: Prediction): Option[] {
  if (!("matched" in prediction)) return [];
  const { product, brand, confidence, matched } = prediction;
  const { id, name, category, manual } = product;
  return [{ id, name, brand: brand.name, category, confidence, matched, manual }];
}

function moved(state: State, by: number): State {
  const count = state.options.length;
  if (count === 0) return state;
  const from = state.active === -1 && by < 0 ? 0 : state.active;
  return { ...state, listOpen: true, active: (from + by + count) % count };
}

function again(turn: Turn): Turn {
  return { ...turn, stage: "waiting", place: undefined, text: "" };
}

function failed(trouble: Trouble): (turn: Turn) => Turn {
  return (turn) => ({ ...turn, stage: "failed", trouble });
}

/** Changes the open turn with this id; an answered one stays unchanged. */
function changed(state: State, id: string | undefined, change: (turn: Turn) => Turn): State {
  return { ...state, turns: state.turns.map((turn) => (turn.id === id && isOpen(turn) ? change(turn) : turn)) };
}
