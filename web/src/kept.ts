// What outlives a reload of the page: the conversation and what was said in it, in this tab alone.
//
// Kept in the tab's own storage, so it is gone with the tab. Where storage is switched off, or holds
// something else, the page begins as a new one does.

import { isTalking, type KeptState, restored, type State } from "./state.ts";
import type { Before } from "./wire/connection.ts";

interface Kept {
  /** Of this form; what an older page kept is passed over. */
  version: 2;
  before: Before;
  state: KeptState;
  /** What was typed and not sent, by the name of its field. */
  drafts?: Readonly<Record<string, string>>;
}

/** Turns and entries that are kept: more than anybody reads again, and far below what a tab may hold. */
const MOST = 100;

const key = (server: URL): string => `hsc-chat ${server.origin}`;

/** What this tab kept of its conversation with this server. */
export function recall(server: URL): Kept | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key(server)) ?? "null") as Kept | null;
    return kept?.version === 2 ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** True where this tab has a conversation with this server in which something may still come: an agent, a place
 * in line, or an answer. */
export function isAwaited(server: URL): boolean {
  const kept = recall(server);
  if (kept === undefined) return false;
  const { person } = kept.state;
  const hasHandoff = isTalking(restored(kept.state)) && person.stage !== "over" && person.stage !== "machine" && person.stage !== "unavailable";
  return hasHandoff || kept.before.unanswered.length > 0 || (kept.state.unread ?? []).length > 0;
}

/** Keeps it; with no conversation yet there is nothing to keep. */
export function keep(server: URL, before: Before | undefined, state: State, drafts: Readonly<Record<string, string>>): void {
  if (before === undefined) return;
  // Pictures are far larger than words. Those that are not sent yet are kept where there is room for them.
  for (const withPictures of [true, false]) {
    try {
      sessionStorage.setItem(key(server), JSON.stringify(kept(before, state, drafts, withPictures)));
      return;
    } catch {
      // Switched off, or full: without pictures there may be room; else a reload begins anew.
    }
  }
}

function kept(before: Before, state: State, drafts: Readonly<Record<string, string>>, withPictures: boolean): Kept {
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

/** Keeps whether the widget is open, for the next page of the site. */
export function keepOpen(server: URL, isOpen: boolean): void {
  try {
    if (isOpen) sessionStorage.setItem(openKey(server), "open");
    else sessionStorage.removeItem(openKey(server));
  } catch {
    // Switched off: the next page begins with a closed one.
  }
}

/** True where the widget was open on the page before. */
export function wasOpen(server: URL): boolean {
  try {
    return sessionStorage.getItem(openKey(server)) !== null;
  } catch {
    return false;
  }
}
