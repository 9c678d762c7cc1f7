// The handoff events of the archive as text.
//
// A pure function for the console and the administration, so that both use the same text.

import type { TeamWord } from "../words/team.ts";

/** A handoff event of the archive (`TurnKind` in actors/src/ports/archive/record.rs). */
export interface Turn {
  turn: string;
  agent: { name: string } | null;
  to: { name: string } | null;
  reason: string | null;
}

export interface TurnWords {
  word: TeamWord;
  values: Readonly<Record<string, string>>;
  /** The visitor's reason. */
  why?: string | undefined;
}

/** Kinds whose sentence names the agent. */
const OF_AGENT: Readonly<Record<string, TeamWord>> = {
  taken: "agent_event_joined",
  handed: "agent_event_left_handed",
  returned: "agent_event_left_returned",
  left_closed: "agent_event_left_closed",
  left_gone: "agent_event_left_gone",
  left_no_answer: "agent_event_left_no_answer",
  ended_agent: "agent_event_left_closed",
};
const OF_NOBODY: Readonly<Record<string, TeamWord>> = {
  withdrawn: "agent_event_withdrawn",
  expired: "agent_event_expired",
  unavailable: "agent_event_unavailable",
  unavailable_closed: "agent_event_unavailable_closed",
  unavailable_nobody_there: "agent_event_unavailable_nobody_there",
  unavailable_full: "agent_event_unavailable_full",
  ended: "agent_event_closed",
  ended_visitor: "agent_event_left_ended",
};

export function turnOf({ turn, agent, to, reason }: Turn): TurnWords {
  const code = reason === null ? turn : `${turn}_${reason}`;
  if (turn === "handed_over") return { word: "agent_event_waiting", values: {}, why: reason ?? undefined };
  if (turn === "handed" && agent !== null && to !== null) return { word: "agent_event_handed_to", values: { name: agent.name, to: to.name }, why: reason ?? undefined };
  const named = OF_AGENT[code] ?? OF_AGENT[turn];
  if (named !== undefined && agent !== null) return { word: named, values: { name: agent.name } };
  const plain = OF_NOBODY[code] ?? OF_NOBODY[turn];
  if (plain !== undefined) return { word: plain, values: {} };
  // An event of a later version, or one without an agent.
  return { word: "agent_event_said", values: { text: reason ?? turn } };
}
