// What an agent has written and not sent, kept until the tab is closed: a page that is loaded again, or a
// session that ended, takes no words away. Each agent has their own: somebody else may use the tab next.

import type { Outgoing, State } from "./state.ts";

const key = (agent: string): string => `hsc-agent-writing-${agent}`;

/** What is kept of a conversation. */
export interface Kept {
  text: string;
  note: boolean;
  unsent: Outgoing[];
}

/** Of each conversation what is written there, and what was not sent. */
export function toKeep(state: State): Record<string, Kept> {
  const kept = Object.entries(state.talks).flatMap(([id, { writing, outgoing }]): [string, Kept][] => {
    // What is under way when the page goes may be lost: better to see it again as not sent.
    const unsent = outgoing.filter((one) => one.stage !== "said").map((one): Outgoing => ({ ...one, stage: "unsent", why: undefined }));
    return writing.text.trim() === "" && unsent.length === 0 ? [] : [[id, { text: writing.text, note: writing.note, unsent }]];
  });
  return Object.fromEntries(kept);
}

export function keep(agent: string, state: State): void {
  try {
    const all = toKeep(state);
    if (Object.keys(all).length === 0) sessionStorage.removeItem(key(agent));
    else sessionStorage.setItem(key(agent), JSON.stringify(all));
  } catch {
    // Storage is full or switched off; the page itself still has everything.
  }
}

export function kept(agent: string): Record<string, Kept> {
  try {
    return JSON.parse(sessionStorage.getItem(key(agent)) ?? "{}") as Record<string, Kept>;
  } catch {
    return {};
  }
}

/** Whoever signs out leaves nothing behind. */
export function forget(agent: string): void {
  try {
    sessionStorage.removeItem(key(agent));
  } catch {
    // There is nothing to forget then.
  }
}
