// What outlives a reload of the page: the conversation and what was said in it, in this tab alone.
//
// Kept in the tab's own storage, so it is gone with the tab. Where storage is switched off, or holds
// something else, the page begins as a new one does.

import type { State } from "./state.ts";
import type { Before } from "./wire/connection.ts";

type KeptState = Pick<State, "product" | "scenario" | "turns" | "person" | "next"> & Partial<Pick<State, "ending">>;

interface Kept {
  /** Of this form; what an older page kept is passed over. */
  version: 1;
  before: Before;
  state: KeptState;
}

/** Turns and entries that are kept: more than anybody reads again, and far below what a tab may hold. */
const MOST = 100;

const key = (server: URL): string => `hsc-chat ${server.origin}`;

/** What this tab kept of its conversation with this server. */
export function recall(server: URL): Kept | undefined {
  try {
    const kept = JSON.parse(sessionStorage.getItem(key(server)) ?? "null") as Kept | null;
    return kept?.version === 1 ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps it; with no conversation yet there is nothing to keep. */
export function keep(server: URL, before: Before | undefined, state: State): void {
  if (before === undefined) return;
  const { product, scenario, next, turns, person, ending } = state;
  // Pictures are far larger than words, and the question can be read without.
  const lean = turns.slice(-MOST).map((turn) => ({ ...turn, image: undefined }));
  const unanswered = before.unanswered.map(([id, says]) => ("image" in says ? [id, { ...says, image: null }] as const : [id, says] as const));
  const kept: Kept = {
    version: 1,
    before: { ...before, unanswered },
    state: { product, scenario, next, turns: lean, ending: { ...ending, stage: ending.stage === "said" ? "said" : "open" }, person: { ...person, isWishing: false, types: false, entries: person.entries.slice(-MOST) } },
  };
  try {
    sessionStorage.setItem(key(server), JSON.stringify(kept));
  } catch {
    // Switched off, or full: a reload begins anew then.
  }
}

