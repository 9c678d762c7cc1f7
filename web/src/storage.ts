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

/** Turns and entries that are stored: more than a visitor reads again, and far below the storage limit. */
const MOST = 100;

const key = (server: URL): string => `hsc-chat ${server.origin}`;

/** The stored conversation with this server. */
export function load(server: URL): StoredChat | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key(server)) ?? "null") as StoredChat | null;
    return kept?.version === 2 ? kept : undefined;
  } catch {
    return undefined;
  }
}

/**
 * True if this tab has a conversation with this server that awaits something: an agent, a place in the queue, or an
 * answer.
 */
export function isAwaited(server: URL): boolean {
  const kept = load(server);
  if (kept === undefined) return false;
  const { person } = kept.state;
  const hasHandoff = isTalking(restored(kept.state)) && person.stage !== "over" && person.stage !== "machine" && person.stage !== "unavailable";
  return hasHandoff || kept.before.unanswered.length > 0 || (kept.state.unread ?? []).length > 0;
}

/** Stores the state; without a conversation there is nothing to store. */
export function store(server: URL, before: Before | undefined, state: State, drafts: Readonly<Record<string, string>>): void {
  if (before === undefined) return;
  // Pictures are far larger than text. Unsent ones are stored if there is room.
  for (const withPictures of [true, false]) {
    try {
      sessionStorage.setItem(key(server), JSON.stringify(kept(before, state, drafts, withPictures)));
      return;
    } catch {
      // Disabled, or full: without pictures there may be room; else a reload starts anew.
    }
  }
}

function kept(before: Before, state: State, drafts: Readonly<Record<string, string>>, withPictures: boolean): StoredChat {
  const { product, scenario, next, person, ending, changes, unread } = state;
  const turns = state.turns.slice(-MOST).map((turn) => ({ ...turn, image: undefined }));
  const unanswered = before.unanswered.map(([id, says]) => ("image" in says ? ([id, { ...says, image: null }] as const) : ([id, says] as const)));
  const entries = person.entries
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
      person: { ...person, isWishing: false, types: false, entries },
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
