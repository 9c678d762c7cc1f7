// The changes that an agent is alerted to: new visitors, and new messages.

import { isMine, isVisitors, lastOffset, listed, type State, type Notice } from "./state.ts";
import type { Ticket } from "../wire/types.ts";

export type Alert =
  /** A visitor started to wait. */
  | { what: "arrived"; ticket: Ticket }
  /** The visitor of the agent's own conversation sent a message. */
  | { what: "wrote"; conversation: string; text: string; isShown: boolean }
  /** A colleague transferred a conversation. */
  | { what: "handed"; ticket: Ticket }
  | { what: "told"; told: Notice };

/** The changes between two states. None at the first snapshot of the desk. */
export function alertsOf(before: State, after: State): Alert[] {
  if (before === after || before.me === undefined) return [];
  const news: Alert[] = [];
  if (before.tickets !== after.tickets) {
    const waited = new Set(listed(before, "waiting").map((ticket) => ticket.conversation));
    for (const ticket of listed(after, "waiting")) {
      // A visitor whom the agent returned to the queue is not new.
      if (!waited.has(ticket.conversation) && !isMine(before, ticket.conversation)) news.push({ what: "arrived", ticket });
    }
    for (const ticket of listed(after, "mine")) {
      const was = before.tickets[ticket.conversation];
      if (was?.agent && was.agent.id !== after.me?.id) news.push({ what: "handed", ticket });
    }
  }
  if (before.talks !== after.talks) {
    for (const [conversation, talk] of Object.entries(after.talks)) {
      const was = before.talks[conversation];
      if (was === undefined || was.entries === talk.entries || !was.isRead || !isMine(after, conversation)) continue;
      const last = talk.entries.findLast(({ offset, frame }) => offset > lastOffset(was) && isVisitors(frame));
      if (last?.frame.type !== "message") continue;
      const isShown = after.attentive && after.shown?.what === "talk" && after.shown.id === conversation;
      news.push({ what: "wrote", conversation, text: last.frame.content, isShown });
    }
  }
  if (after.told !== undefined && before.told !== after.told) news.push({ what: "told", told: after.told });
  return news;
}
