// The state of the console as plain data, and the reducer of its actions.
//
// No socket, no clock, no element: the connection and the parts dispatch `Action`s. What must never be: text of an
// agent that is lost, neither sent nor visible.

import type { Agent, Citation, DeskMessage, Envelope, TicketGone, Note, Presence, ServerMessage, Ticket } from "../wire/types.ts";
import type { TeamWord } from "../words/team.ts";

/** A message of a conversation as its visitor gets it. */
export type Frame = ServerMessage & Envelope;

/** The lists on the left. */
export const LISTS = ["waiting", "mine", "open", "past", "left"] as const;
export type ListName = (typeof LISTS)[number];
/** The lists of the desk. */
export type DeskList = "waiting" | "mine" | "open";

/** The conversation or item in the middle. */
export interface Shown {
  what: "talk" | "past" | "left";
  id: string;
}
/** The visible pane of a narrow window. */
export type Pane = "list" | "talk" | "details";

/** A message to the agent: a phrase of the page, or the server's text. */
export type Notice = ({ word: TeamWord; values?: Readonly<Record<string, string | number>> } | { text: string }) & {
  /** The condition of its validity; without one it is valid until the next successful action. */
  holds?: Holds | undefined;
};

/** The state of a conversation at the desk: with this agent (none while it waits), or not at the desk. */
export type Holds = { conversation: string; /** The newest change when it was told. */ rev: number } & (
  | { agent: string | undefined }
  | { isGone: true }
);

/** A request to the desk about a conversation. */
export interface Asked {
  conversation: string;
  action: "take" | "hand" | "give_back" | "close";
}

/** A note, and the last message before it, if known. */
export interface PlacedNote extends Note {
  after: number | undefined;
}

/** A sent message that is not in the conversation yet. */
export interface Outgoing {
  /** Id of the frame on the wire. */
  key: string;
  note: boolean;
  content: string;
  upload: string | undefined;
  /** Offset of the last message at the time of sending: a later one may be this one. */
  after: number;
  /** `held` until the agent has the requested conversation. */
  stage: "held" | "sending" | "said" | "unsent";
  why: Notice | undefined;
}

/** A draft. */
export interface Writing {
  text: string;
  note: boolean;
  upload: string | undefined;
  /** Pages of the answer draft that the text cites. */
  citations: readonly Citation[];
  /** The id of the request for an answer draft. */
  drafting: string | undefined;
}

/** A conversation that is open or the agent's own. */
export interface Talk {
  /** Its last known ticket. */
  ticket: Ticket | undefined;
  entries: readonly { offset: number; frame: Frame }[];
  notes: readonly PlacedNote[];
  whole: boolean;
  isRead: boolean;
  typing: boolean;
  unread: number;
  gone: TicketGone | undefined;
  outgoing: readonly Outgoing[];
  writing: Writing;
}

export interface State {
  /** `back` is open again after a loss, until the agent has been notified; `ended` is an expired session. */
  link: "connecting" | "open" | "lost" | "back" | "ended";
  me: Agent | undefined;
  available: boolean;
  tickets: Readonly<Record<string, Ticket>>;
  /** The newest known change of each conversation. */
  revs: Readonly<Record<string, number>>;
  agents: readonly Presence[];
  list: ListName;
  shown: Shown | undefined;
  pane: Pane;
  talks: Readonly<Record<string, Talk>>;
  /** True while the window is visible. */
  attentive: boolean;
  told: Notice | undefined;
  /** Requests to the desk without a response, by their id on the wire. */
  asked: Readonly<Record<string, Asked>>;
}

export type Action =
  | { what: "received"; message: DeskMessage; id: string | undefined }
  | { what: "dropped" }
  | { what: "ended" }
  | { what: "toldBack" }
  | { what: "told"; told: Notice | undefined }
  | { what: "listed"; list: ListName }
  | { what: "shown"; shown: Shown | undefined }
  | { what: "pane"; pane: Pane }
  | { what: "attention"; on: boolean }
  | { what: "wrote"; conversation: string; text: string }
  | { what: "noting"; conversation: string; on: boolean }
  | { what: "attached"; conversation: string; upload: string | undefined }
  | { what: "asked"; id: string; asked: Asked }
  | { what: "said"; conversation: string; key: string; isHeld?: boolean }
  | { what: "saidAgain"; conversation: string; key: string; as: string }
  | { what: "takenBack"; conversation: string; key: string }
  | { what: "drafting"; conversation: string; id: string }
  | { what: "draftDropped"; conversation: string }
  | { what: "unanswered"; id: string }
  | { what: "typingOver"; conversation: string }
  | { what: "kept"; conversation: string; writing: Partial<Writing>; outgoing: readonly Outgoing[] };

const nothingWritten: Writing = { text: "", note: false, upload: undefined, citations: [], drafting: undefined };

export const nothingSaid: Talk = {
  ticket: undefined,
  entries: [],
  notes: [],
  whole: true,
  isRead: false,
  typing: false,
  unread: 0,
  gone: undefined,
  outgoing: [],
  writing: nothingWritten,
};

export const beginning: State = {
  link: "connecting",
  me: undefined,
  available: true,
  tickets: {},
  revs: {},
  agents: [],
  list: "waiting",
  shown: undefined,
  pane: "list",
  talks: {},
  attentive: true,
  told: undefined,
  asked: {},
};

/** The list of a conversation. */
export function listOf(state: State, ticket: Ticket): DeskList {
  if (!ticket.agent) return "waiting";
  return ticket.agent.id === state.me?.id ? "mine" : "open";
}

/** The conversations of a list, the longest wait first. */
export function listed(state: State, list: DeskList): Ticket[] {
  const those = Object.values(state.tickets).filter((ticket) => listOf(state, ticket) === list);
  return those.sort((a, b) => a.since_ms - b.since_ms || a.conversation.localeCompare(b.conversation));
}

/** The ticket of a conversation at the desk, or its last one. */
export function ticketOf(state: State, conversation: string): Ticket | undefined {
  return state.tickets[conversation] ?? state.talks[conversation]?.ticket;
}

export function isMine(state: State, conversation: string): boolean {
  const ticket = state.tickets[conversation];
  return ticket !== undefined && listOf(state, ticket) === "mine";
}

/** True while a request for the conversation has no response. */
export function isTaking(state: State, conversation: string): boolean {
  return Object.values(state.asked).some((asked) => asked.action === "take" && asked.conversation === conversation);
}

/** True if a message may go to the visitor: now, or after the desk's confirmation. */
export function mayReply(state: State, conversation: string): boolean {
  return isMine(state, conversation) || isTaking(state, conversation);
}

/**
 * True if the draft is a note. A text keeps the mode in which it was begun, whatever happens to the conversation: a
 * message to the visitor never becomes a note by itself.
 */
export function isNoting(state: State, conversation: string): boolean {
  const { text, upload, note } = state.talks[conversation]?.writing ?? nothingWritten;
  return note || (text.trim() === "" && upload === undefined && !mayReply(state, conversation));
}

/** Messages that waited for the desk and may be sent now. */
export function released(state: State): { conversation: string; one: Outgoing }[] {
  return Object.entries(state.talks).flatMap(([conversation, { outgoing }]) =>
    isMine(state, conversation) ? outgoing.filter((one) => one.stage === "held").map((one) => ({ conversation, one })) : [],
  );
}

/** The product of a conversation: from the desk, which gets each choice; else from the answers. */
export function productIn(talk: Talk | undefined, ticket: Ticket | undefined): string | undefined {
  const last = talk?.entries.findLast(({ frame }) => frame.type === "final_answer" && typeof frame.product_id === "string");
  return ticket?.product?.id ?? (last?.frame.type === "final_answer" ? (last.frame.product_id ?? undefined) : undefined);
}

/** The conversation in the middle, if it is one of the desk. */
export function shownTalk(state: State): string | undefined {
  return state.shown?.what === "talk" ? state.shown.id : undefined;
}

/** The conversations to watch: the agent's own, and the shown one. */
export function wanted(state: State): string[] {
  const mine = listed(state, "mine").map((ticket) => ticket.conversation);
  const shown = shownTalk(state);
  return [...new Set([...(shown !== undefined && shown in state.tickets ? [shown] : []), ...mine])];
}

/** Offset of the last known message. */
export function lastOffset(talk: Talk): number {
  return talk.entries.at(-1)?.offset ?? 0;
}

/** Number of items for the agent's attention: waiting visitors, and own conversations with new messages. */
export function concerns(state: State): number {
  const unread = listed(state, "mine").filter((ticket) => (state.talks[ticket.conversation]?.unread ?? 0) > 0);
  return listed(state, "waiting").length + unread.length;
}

export function reduce(state: State, action: Action): State {
  return withWaitingShown(state, withoutExpiredNotice(state, step(state, action), action));
}

/** Shows the waiting visitors to an agent whose last chat ended, was transferred or returned. */
function withWaitingShown(before: State, state: State): State {
  const isEmptied = state.list === "mine" && listed(before, "mine").length > 0 && listed(state, "mine").length === 0;
  return isEmptied && listed(state, "waiting").length > 0 ? { ...state, list: "waiting" } : state;
}

/** Removes a message as soon as it is not true any more. */
function withoutExpiredNotice(before: State, state: State, action: Action): State {
  const { told } = state;
  if (told === undefined || told !== before.told) return state;
  const isDone = action.what === "received" && action.id !== undefined && action.message.type !== "error";
  const isTrue = told.holds === undefined ? !isDone : holds(state, told.holds);
  return isTrue ? state : { ...state, told: undefined };
}

function holds(state: State, held: Holds): boolean {
  const { conversation, rev } = held;
  // The refusal may arrive before the change that caused it.
  if ((state.revs[conversation] ?? 0) <= rev) return true;
  const ticket = state.tickets[conversation];
  return "isGone" in held ? ticket === undefined : ticket !== undefined && ticket.agent?.id === held.agent;
}

function step(state: State, action: Action): State {
  switch (action.what) {
    case "received":
      return receive(state, action.message, action.id);
    case "asked":
      return { ...state, asked: { ...state.asked, [action.id]: action.asked } };
    case "dropped":
      return { ...state, link: "lost" };
    case "ended":
      return { ...state, link: "ended" };
    case "toldBack":
      return state.link === "back" ? { ...state, link: "open" } : state;
    case "told":
      return { ...state, told: action.told };
    case "listed":
      return { ...state, list: action.list, pane: "list" };
    case "shown":
      return shown(state, action.shown);
    case "pane":
      return { ...state, pane: action.pane };
    case "attention":
      return markRead({ ...state, attentive: action.on });
    case "wrote":
      return writing(state, action.conversation, { text: action.text, note: isNoting(state, action.conversation) });
    case "noting":
      return writing(state, action.conversation, { note: action.on });
    case "attached":
      return writing(state, action.conversation, { upload: action.upload });
    case "said":
      return said(state, action);
    case "saidAgain": {
      const { conversation, key, as } = action;
      const again = (one: Outgoing): Outgoing => (one.key === key ? { ...one, key: as, stage: "sending", why: undefined } : one);
      return talking(state, conversation, (talk) => ({ ...talk, outgoing: talk.outgoing.map(again) }));
    }
    case "takenBack":
      return restoreUnsent(state, action.conversation, action.key);
    case "drafting":
      return writing(state, action.conversation, { drafting: action.id });
    case "draftDropped":
      return writing(state, action.conversation, { citations: [] });
    case "unanswered":
      return unanswered(state, action.id, undefined);
    case "typingOver":
      return talking(state, action.conversation, (talk) => ({ ...talk, typing: false }));
    case "kept": {
      const { conversation, outgoing } = action;
      return talking(state, conversation, (talk) => ({ ...talk, outgoing, writing: { ...talk.writing, ...action.writing } }));
    }
  }
}

function shown(state: State, what: Shown | undefined): State {
  const next: State = { ...state, talks: withoutClosed(state, what), shown: what, pane: what === undefined ? "list" : "talk" };
  if (what?.what !== "talk") return next;
  return markRead(talking(next, what.id, (talk) => ({ ...talk, ticket: state.tickets[what.id] ?? talk.ticket })));
}

/** A conversation that has gone is removed when it is left, unless it has unsent text of the agent. */
function withoutClosed(state: State, next: Shown | undefined): State["talks"] {
  const previous = shownTalk(state);
  const talk = previous === undefined ? undefined : state.talks[previous];
  if (previous === undefined || talk === undefined || previous in state.tickets || next?.id === previous) return state.talks;
  if (talk.writing.text.trim() !== "" || talk.outgoing.length > 0) return state.talks;
  return Object.fromEntries(Object.entries(state.talks).filter(([id]) => id !== previous));
}

/** Marks the shown conversation as read. */
function markRead(state: State): State {
  const id = shownTalk(state);
  const talk = id === undefined ? undefined : state.talks[id];
  if (id === undefined || talk === undefined || talk.unread === 0 || !state.attentive) return state;
  return talking(state, id, (it) => ({ ...it, unread: 0 }));
}

function said(state: State, { conversation, key, isHeld = false }: Action & { what: "said" }): State {
  const note = isNoting(state, conversation);
  return talking(state, conversation, (talk) => {
    const { text, upload } = talk.writing;
    const stage = isHeld ? "held" : "sending";
    const outgoing: Outgoing = { key, note, content: text.trim(), upload, after: lastOffset(talk), stage, why: undefined };
    return { ...talk, outgoing: [...talk.outgoing, outgoing], writing: { ...nothingWritten, note } };
  });
}

/** Moves an unsent message back into the composer, before the present draft. */
function restoreUnsent(state: State, conversation: string, key: string): State {
  return talking(state, conversation, (talk) => {
    const back = talk.outgoing.find((one) => one.key === key);
    if (back === undefined) return talk;
    const { writing } = talk;
    const text = writing.text.trim() === "" ? back.content : `${back.content}\n\n${writing.text}`;
    return {
      ...talk,
      outgoing: talk.outgoing.filter((one) => one.key !== key),
      writing: { ...writing, text, note: back.note, upload: writing.upload ?? back.upload },
    };
  });
}

function receive(before: State, message: DeskMessage, id: string | undefined): State {
  const state = message.type === "error" ? before : settled(before, id);
  switch (message.type) {
    case "desk":
      return looked(state, message);
    case "ticket":
      return changed(state, message.ticket, before);
    case "ticket_gone":
      return gone(state, message);
    case "agents": {
      const own = message.agents.find((there) => there.agent.id === state.me?.id);
      return { ...state, agents: message.agents, available: own?.available ?? state.available };
    }
    case "transcript":
      return markRead(
        talking(state, message.conversation, (talk) => {
          const entries = message.entries.map(({ offset, frame }) => ({ offset, frame: frame }));
          const last = lastOffset(talk);
          const fresh = talk.isRead ? entries.filter(({ offset, frame }) => offset > last && isVisitors(frame)).length : 0;
          return {
            ...talk,
            entries,
            notes: placed(talk.notes, message.notes),
            whole: message.whole,
            isRead: true,
            unread: talk.unread + fresh,
            ticket: message.ticket ?? talk.ticket,
            outgoing: arrived(talk.outgoing, entries, message.notes.filter(isNew(talk.notes)), state.me),
          };
        }),
      );
    case "entry":
      return markRead(
        talking(state, message.conversation, (talk) => {
          const frame = message.frame as Frame;
          const offset = message.offset ?? lastOffset(talk) + 1;
          if (offset <= lastOffset(talk)) return talk;
          const entry = { offset, frame };
          return {
            ...talk,
            entries: [...talk.entries, entry],
            typing: isVisitors(frame) ? false : talk.typing,
            unread: talk.unread + (isVisitors(frame) ? 1 : 0),
            outgoing: arrived(talk.outgoing, [entry], [], state.me),
          };
        }),
      );
    case "note":
      return talking(state, message.conversation, (talk) => ({
        ...talk,
        notes: placed([...talk.notes, { ...message, after: lastOffset(talk) }], []),
        outgoing: arrived(talk.outgoing, [], [message], state.me),
      }));
    case "visitor_typing":
      return talking(state, message.conversation, (talk) => ({ ...talk, typing: message.typing }));
    case "visitor_presence": {
      const ticket = state.tickets[message.conversation];
      if (ticket === undefined) return state;
      const { online } = message;
      const next = { ...state, tickets: { ...state.tickets, [message.conversation]: { ...ticket, online } } };
      return online ? next : talking(next, message.conversation, (talk) => ({ ...talk, typing: false }));
    }
    case "draft":
      return talking(state, message.conversation, (talk) => {
        if (talk.writing.drafting === undefined || talk.writing.drafting !== id) return talk;
        const { text } = talk.writing;
        const drafted = asMessage(message.content);
        const both = text.trim() === "" ? drafted : `${text.trimEnd()}\n\n${drafted}`;
        return { ...talk, writing: { ...talk.writing, text: both, note: false, citations: message.citations, drafting: undefined } };
      });
    case "done":
      return id === undefined ? state : answered(state, id);
    case "error":
      return unanswered(state, id, refusal(message, state, id));
    case "archived":
    case "reconnect":
      return state;
  }
}

function looked(state: State, desk: DeskMessage & { type: "desk" }): State {
  const all = [...desk.waiting, ...desk.mine, ...desk.open];
  const talks = Object.fromEntries(
    Object.entries(state.talks).map(([id, talk]) => {
      const ticket = all.find((one) => one.conversation === id);
      return [id, ticket === undefined ? { ...talk, typing: false } : { ...talk, ticket, gone: undefined }];
    }),
  );
  return {
    ...state,
    link: state.link === "lost" ? "back" : state.link === "connecting" ? "open" : state.link,
    me: desk.you,
    available: desk.available,
    tickets: Object.fromEntries(all.map((ticket) => [ticket.conversation, ticket])),
    revs: Object.fromEntries(all.map((ticket) => [ticket.conversation, ticket.rev])),
    agents: desk.agents,
    talks,
  };
}

/** `before` is the state of the requests before the change. */
function changed(state: State, ticket: Ticket, before: State): State {
  const { conversation, rev } = ticket;
  if ((state.revs[conversation] ?? 0) > rev) return state;
  const wasMine = isMine(state, conversation);
  let next: State = {
    ...state,
    tickets: { ...state.tickets, [conversation]: ticket },
    revs: { ...state.revs, [conversation]: rev },
  };
  if (conversation in state.talks) next = talking(next, conversation, (talk) => ({ ...talk, ticket, gone: undefined }));
  const isLost = wasMine && ticket.agent == null && ticket.unanswered_by?.id === state.me?.id;
  if (isLost) next = { ...next, told: { word: "agent_no_answer", holds: { conversation, rev, agent: undefined } } };
  if (wasMine || !isMine(next, conversation)) return next;
  return assigned(next, conversation, isTaking(before, conversation));
}

/**
 * The conversation is the agent's now. Either the response or the broadcast change may arrive first: the list follows
 * the shown conversation, and never stays on one that the agent has emptied.
 */
function assigned(state: State, conversation: string, isTaken: boolean): State {
  const isAtDesk = state.list === "waiting" || state.list === "open";
  const isEmptied = isTaken && state.list === "waiting" && listed(state, "waiting").length === 0;
  const follows = (isAtDesk && shownTalk(state) === conversation) || isEmptied;
  const asked = Object.fromEntries(Object.entries(state.asked).filter(([, one]) => one.action !== "take" || one.conversation !== conversation));
  const next: State = { ...state, asked, list: follows ? "mine" : state.list };
  // Without a draft, the next text is a message to the visitor.
  const isBegun = isTaken && (state.talks[conversation]?.writing.text ?? "").trim() !== "";
  return isTaken && !isBegun && conversation in state.talks ? writing(next, conversation, { note: false }) : next;
}

/** The request with this id has its response. */
function settled(state: State, id: string | undefined): State {
  if (id === undefined || !(id in state.asked)) return state;
  return { ...state, asked: Object.fromEntries(Object.entries(state.asked).filter(([key]) => key !== id)) };
}

/** Moves messages that waited for a conversation back into its composer. */
function restoreHeld(state: State, conversation: string): State {
  const held = (state.talks[conversation]?.outgoing ?? []).filter((one) => one.stage === "held");
  return held.reverse().reduce((all, { key }) => restoreUnsent(all, conversation, key), state);
}

function gone(state: State, gone: TicketGone): State {
  const { conversation, rev } = gone;
  if ((state.revs[conversation] ?? 0) > rev) return state;
  const ticket = state.tickets[conversation];
  const tickets = Object.fromEntries(Object.entries(state.tickets).filter(([id]) => id !== conversation));
  const next = { ...state, tickets, revs: { ...state.revs, [conversation]: rev } };
  if (!(conversation in state.talks)) return next;
  return talking(next, conversation, (talk) => ({ ...talk, gone, typing: false, unread: 0, ticket: ticket ?? talk.ticket }));
}

/** The server has performed the request with this id. */
function answered(state: State, id: string): State {
  return everyTalk(state, (talk) => {
    if (!talk.outgoing.some((one) => one.key === id)) return talk;
    return { ...talk, outgoing: talk.outgoing.map((one) => (one.key === id ? { ...one, stage: "said" } : one)) };
  });
}

/** The server has not performed the request with this id: because of `why`, or for an unknown reason. */
function unanswered(before: State, id: string | undefined, why: Notice | undefined): State {
  const asked = id === undefined ? undefined : before.asked[id];
  const without = settled(before, id);
  const state = asked?.action === "take" && !isMine(without, asked.conversation) ? restoreHeld(without, asked.conversation) : without;
  const isSaid = Object.values(state.talks).some((talk) => talk.outgoing.some((one) => one.key === id));
  const next = everyTalk(state, (talk) => {
    const isDraft = id !== undefined && talk.writing.drafting === id;
    if (!isDraft && !talk.outgoing.some((one) => one.key === id)) return talk;
    const failed = (one: Outgoing): Outgoing => (one.key === id ? { ...one, stage: "unsent", why } : one);
    const writing = isDraft ? { ...talk.writing, drafting: undefined } : talk.writing;
    return { ...talk, writing, outgoing: talk.outgoing.map(failed) };
  });
  // An unsent message shows this itself.
  return isSaid || why === undefined ? next : { ...next, told: why };
}

/** Removes messages that have arrived in the conversation from the outgoing ones. */
function arrived(
  outgoing: readonly Outgoing[],
  entries: readonly { offset: number; frame: Frame }[],
  notes: readonly Note[],
  me: Agent | undefined,
): readonly Outgoing[] {
  if (outgoing.length === 0) return outgoing;
  const left = new Set<unknown>([...entries, ...notes]);
  return outgoing.filter((one) => {
    const isIt = one.note
      ? notes.find((note) => left.has(note) && note.agent.id === me?.id && note.content === one.content)
      : entries.find((entry) => left.has(entry) && entry.offset > one.after && isOwn(entry.frame, one, me));
    if (isIt === undefined) return true;
    left.delete(isIt);
    return false;
  });
}

function isOwn(frame: Frame, one: Outgoing, me: Agent | undefined): boolean {
  if (frame.type !== "message" || frame.from !== "agent" || frame.agent?.id !== me?.id) return false;
  return frame.content === one.content && (frame.upload ?? undefined) === one.upload;
}

export function isVisitors(frame: Frame): boolean {
  return frame.type === "message" && frame.from === "visitor";
}

/** A note of a pod without note ids is identified by its content. */
function name(note: Note): string {
  return note.note_id ?? JSON.stringify([note.at_ms, note.agent.id, note.content]);
}

/** Whether a note is new: an earlier note may have the same text. */
function isNew(known: readonly Note[]): (note: Note) => boolean {
  const names = new Set(known.map(name));
  return (note) => !names.has(name(note));
}

/** The notes of both lists, each once, in order; one that arrived live keeps its place. */
function placed(known: readonly PlacedNote[], told: readonly Note[]): readonly PlacedNote[] {
  const all = new Map<string, PlacedNote>(told.map((note) => [name(note), { ...note, after: undefined }]));
  for (const note of known) if (all.get(name(note))?.after === undefined) all.set(name(note), note);
  return [...all.values()].sort((a, b) => a.at_ms - b.at_ms);
}

/** An answer draft as a person would send it: cited pages stay marked, other markers are removed. */
export function asMessage(draft: string): string {
  return draft
    .replace(/\[(?:SUGGESTION|PRO TIP):\s*((?:\[[^\]]*\]|[^[\]])*)\]/gi, "$1")
    .replace(/[ \t]+\n/g, "\n")
    .trim();
}

/** Why the server refused, as a phrase of the page if there is one. */
export function refusal({ code, by, message }: DeskMessage & { type: "error" }, state: State, id: string | undefined): Notice {
  const conversation = conversationOf(state, id);
  const known = conversation === undefined ? undefined : { conversation, rev: state.revs[conversation] ?? 0 };
  switch (code) {
    case "taken":
    case "not_yours": {
      const notice = by ? ({ word: "agent_taken_by", values: { name: by.name } } as const) : ({ word: "agent_not_yours" } as const);
      return { ...notice, holds: known && { ...known, agent: by?.id } };
    }
    case "no_such_conversation":
      return { word: "agent_no_longer", holds: known && { ...known, isGone: true } };
    case "not_present":
      return { word: "agent_not_present" };
    case "desk_away":
      return { word: "agent_desk_away" };
    case "rate_limited":
      return { word: "agent_too_fast" };
    default:
      return { text: message };
  }
}

/** The conversation of the request with this id. */
function conversationOf(state: State, id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const said = Object.entries(state.talks).find(([, talk]) => talk.writing.drafting === id || talk.outgoing.some((one) => one.key === id));
  return state.asked[id]?.conversation ?? said?.[0];
}

function writing(state: State, conversation: string, change: Partial<Writing>): State {
  return talking(state, conversation, (talk) => ({ ...talk, writing: { ...talk.writing, ...change } }));
}

function talking(state: State, conversation: string, change: (talk: Talk) => Talk): State {
  const talk = state.talks[conversation] ?? nothingSaid;
  const next = change(talk);
  return next === talk ? state : { ...state, talks: { ...state.talks, [conversation]: next } };
}

function everyTalk(state: State, change: (talk: Talk) => Talk): State {
  return { ...state, talks: Object.fromEntries(Object.entries(state.talks).map(([id, talk]) => [id, change(talk)])) };
}
