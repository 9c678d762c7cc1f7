// State that survives a reload of the page: the conversation and its thread, in this tab only.
//
// Stored in the tab's session storage, so it is deleted with the tab. If storage is disabled, or holds something
// else, the page starts as a new one.

import { isTalking, type KeptState, restored, type State } from "./state.ts";
import type { Before } from "./wire/connection.ts";

interface StoredChat {
  /** Version of the format; another version is ignored. */
  version: 2;
  before: Before;
  state: KeptState;
  /** Drafts, by the name of their field. */
  drafts?: Readonly<Record<string, string>>;
}

/** The stored form, in which the handoff has its name of earlier releases. */
type StoredForm = Omit<StoredChat, "state"> & { state: Omit<KeptState, "handoff"> & { person: KeptState["handoff"] } };

/** Turns and entries that are stored: more than a visitor reads again, and far below the storage limit. */
const MOST = 100;

const key = (server: URL): string => `hsc-chat ${server.origin}`;

/** The stored conversation with this server. */
export function load(server: URL): StoredChat | undefined {
  try {
    const stored = JSON.parse(sessionStorage.getItem(key(server)) ?? "null") as StoredForm | null;
    if (stored?.version !== 2) return undefined;
    const { person: handoff, ...state } = stored.state;
    return { ...stored, state: { ...state, handoff } };
  } catch {
    return undefined;
  }
}

/**
 * True if this tab has a conversation with this server that awaits something: an agent, a place in the queue, or an
 * answer.
 */
export function isAwaited(server: URL): boolean {
  const stored = load(server);
  if (stored === undefined) return false;
  const { handoff } = stored.state;
  const hasHandoff = isTalking(restored(stored.state)) && handoff.stage !== "over" && handoff.stage !== "machine" && handoff.stage !== "unavailable";
  return hasHandoff || stored.before.unanswered.length > 0 || (stored.state.unread ?? []).length > 0;
}

/** Stores the state; without a conversation there is nothing to store. */
export function store(server: URL, before: Before | undefined, state: State, drafts: Readonly<Record<string, string>>): void {
  if (before === undefined) return;
  // Pictures are far larger than text. Unsent ones are stored if there is room.
  for (const withPictures of [true, false]) {
    try {
      sessionStorage.setItem(key(server), JSON.stringify(storedForm(before, state, drafts, withPictures)));
      return;
    } catch {
      // Disabled, or full: without pictures there may be room; else a reload starts anew.
    }
  }
}

function storedForm(before: Before, state: State, drafts: Readonly<Record<string, string>>, withPictures: boolean): StoredForm {
  const { product, scenario, next, handoff, ending, changes, unread } = state;
  const turns = state.turns.slice(-MOST).map((turn) => ({ ...turn, image: undefined }));
  const unanswered = before.unanswered.map(([id, says]) => ("image" in says ? ([id, { ...says, image: null }] as const) : ([id, says] as const)));
  const entries = handoff.entries
    .slice(-MOST)
    .map((entry) => (entry.kind === "said" && (entry.sent || !withPictures) ? { ...entry, image: undefined } : entry));
  return {
    version: 2,
    before: { ...before, unanswered },
    state: {
      product,
      scenario,
      next,
      turns,
      changes: changes.slice(-MOST),
      unread,
      ending: { ...ending, stage: ending.stage === "said" ? "said" : "open" },
      person: { ...handoff, isWishing: false, types: false, entries },
    },
    drafts,
  };
}

const openKey = (server: URL): string => `hsc-widget ${server.origin}`;

/** Stores whether the widget is open, for the next page of the site. */
export function storeOpen(server: URL, isOpen: boolean): void {
  try {
    if (isOpen) sessionStorage.setItem(openKey(server), "open");
    else sessionStorage.removeItem(openKey(server));
  } catch {
    // Disabled: the next page starts with a closed widget.
  }
}

/** True if the widget was open on the previous page. */
export function wasOpen(server: URL): boolean {
  try {
    return sessionStorage.getItem(openKey(server)) !== null;
  } catch {
    return false;
  }
}
