// Ratings and transcript as plain data.
//
// Owns   the rating of each answer, the end of the conversation and its rating, the state of the transcript.
// Never  uses a socket or an element; when a rating is allowed is decided here, not in the views.

import type { Trouble, Turn } from "../state.ts";
import type { ServerMessage, Thumb } from "../wire/types.ts";
import type { Word } from "../words/words.ts";

/** The visitor's rating of an answer. */
export interface AnswerRating {
  /** The id under which it was last sent. */
  id: string;
  thumb: Thumb;
  comment: string;
  /** Whether the visitor is asked for a comment, has sent one, or declined. */
  why: "asked" | "said" | "unsaid";
  /** Why the server refused it. */
  trouble: Trouble | undefined;
  /** True once the server has acknowledged it; absent in the stored state of an earlier page. */
  isSaved?: boolean;
}

/** The end of the conversation and its rating. */
export interface Ending {
  /** `sure` during the confirmation, `said` until the server has ended it. */
  stage: "open" | "sure" | "said";
  mark: { id: string; rating: number; comment: string; trouble: Trouble | undefined; isSaved?: boolean } | undefined;
}

/** The transcript that is being saved or sent. */
export interface Transcript {
  /** True while both ways are offered; with one way there is nothing to choose. */
  isChoosing: boolean;
  now: "still" | "coming" | "saved" | "sending" | "sent" | { trouble: Word };
  /** The address to which a code was sent; the visitor enters the code. */
  confirms?: string | undefined;
}

export interface Rated {
  turns: readonly Turn[];
  ending: Ending;
  transcript: Transcript;
}

export const unrated: Pick<Rated, "ending" | "transcript"> = {
  ending: { stage: "open", mark: undefined },
  transcript: { isChoosing: false, now: "still" },
};

export type RatingAction =
  | { what: "thumbed"; turn: string; id: string; thumb: Thumb }
  /** Asks for a comment again: the pressed thumb was pressed once more. */
  | { what: "askedWhy"; turn: string }
  | { what: "explained"; turn: string; id: string; comment: string }
  | { what: "unexplained"; turn: string }
  | { what: "ending"; now: Ending["stage"] }
  | { what: "rated"; id: string; rating: number; comment: string }
  | ({ what: "transcript" } & Transcript);

/** True for an answer that can be rated: complete, and with an offset. */
export function isRatable({ stage, offset, end }: Turn): boolean {
  return stage === "done" && offset !== undefined && end?.cancelled !== true;
}

/** True if the thumb is pressed. A refused rating is not. */
export function isPressed({ opinion }: Turn, thumb: Thumb): boolean {
  return opinion?.thumb === thumb && opinion.trouble === undefined;
}

export function reduceRating<Of extends Rated>(state: Of, action: RatingAction): Of {
  switch (action.what) {
    case "thumbed": {
      const { id, thumb } = action;
      return judged(state, action.turn, () => ({ id, thumb, comment: "", why: "asked", trouble: undefined, isSaved: false }));
    }
    case "askedWhy":
      return judged(state, action.turn, (opinion) => opinion && { ...opinion, why: "asked" });
    case "explained": {
      const { id, comment } = action;
      return judged(state, action.turn, (opinion) => opinion && { ...opinion, id, comment, why: "said", trouble: undefined, isSaved: false });
    }
    case "unexplained":
      return judged(state, action.turn, (opinion) => opinion && { ...opinion, why: opinion.comment === "" ? "unsaid" : "said" });
    case "ending":
      return { ...state, ending: { ...state.ending, stage: action.now } };
    case "rated": {
      const { id, rating, comment } = action;
      return { ...state, ending: { ...state.ending, mark: { id, rating, comment, trouble: undefined, isSaved: false } } };
    }
    case "transcript":
      return { ...state, transcript: { isChoosing: action.isChoosing, now: action.now, confirms: action.confirms } };
  }
}

/** Applies the server's reply to a rating: acknowledged, or why not; undefined for other messages. */
export function receiveRating<Of extends Rated>(state: Of, message: ServerMessage, id: string | undefined): Of | undefined {
  if ((message.type !== "error" && message.type !== "ack") || id === undefined) return undefined;
  const news = message.type === "ack" ? { isSaved: true } : { trouble: why(message) };
  const { ending, turns } = state;
  if (ending.mark?.id === id) return { ...state, ending: { ...ending, mark: { ...ending.mark, ...news } } };
  const of = turns.find((turn) => turn.opinion?.id === id);
  return of && judged(state, of.id, (opinion) => opinion && { ...opinion, ...news });
}

/** Another conversation: earlier answers cannot be rated there, and it has no rating. */
export function withoutRatings<Of extends Rated>(state: Of): Of {
  const { stage } = state.ending;
  // Unsaved ratings cannot be saved any more.
  const turns = state.turns.map((turn) => {
    const { opinion } = turn;
    const lost = opinion?.isSaved === false && opinion.trouble === undefined ? { ...opinion, trouble: { word: "rating_gone" } as const } : opinion;
    return { ...turn, offset: undefined, opinion: lost };
  });
  return { ...state, turns, ending: { stage, mark: undefined } };
}

function judged<Of extends Rated>(state: Of, id: string, change: (opinion: AnswerRating | undefined) => AnswerRating | undefined): Of {
  return { ...state, turns: state.turns.map((turn) => (turn.id === id ? { ...turn, opinion: change(turn.opinion) } : turn)) };
}

function why(error: ServerMessage & { type: "error" }): Trouble {
  switch (error.code) {
    case "no_such_answer":
      return { word: "rating_gone" };
    case "rate_limited":
      return { word: "rating_fast" };
    default:
      return { text: error.message };
  }
}
