// An agent's unsent text, stored until the tab is closed: it survives a reload and an expired session. Stored per
// agent, because another one may use the tab next.

import type { Outgoing, State } from "./state.ts";

const key = (agent: string): string => `hsc-agent-writing-${agent}`;

/** The stored text of a conversation. */
export interface StoredDraft {
  text: string;
  note: boolean;
  unsent: Outgoing[];
}

/** For each conversation its draft, and its unsent messages. */
export function draftsOf(state: State): Record<string, StoredDraft> {
  const entries = Object.entries(state.talks).flatMap(([id, { writing, outgoing }]): [string, StoredDraft][] => {
    // A message that is being sent may be lost with the page: better to show it again as unsent.
    const unsent = outgoing.filter((one) => one.stage !== "said").map((one): Outgoing => ({ ...one, stage: "unsent", why: undefined }));
    return writing.text.trim() === "" && unsent.length === 0 ? [] : [[id, { text: writing.text, note: writing.note, unsent }]];
  });
  return Object.fromEntries(entries);
}

export function keep(agent: string, state: State): void {
  try {
    const all = draftsOf(state);
    if (Object.keys(all).length === 0) sessionStorage.removeItem(key(agent));
    else sessionStorage.setItem(key(agent), JSON.stringify(all));
  } catch {
    // Storage is full or disabled; the page itself still has the text.
  }
}

export function kept(agent: string): Record<string, StoredDraft> {
  try {
    return JSON.parse(sessionStorage.getItem(key(agent)) ?? "{}") as Record<string, StoredDraft>;
  } catch {
    return {};
  }
}

/** Deletes the stored text at sign-out. */
export function deleteDrafts(agent: string): void {
  try {
    sessionStorage.removeItem(key(agent));
  } catch {
    // Then there is nothing to delete.
  }
}
