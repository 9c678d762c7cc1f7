// The socket to the server: opened again when it drops, questions repeated until they are answered.
//
// Owns   the socket, the conversation it continues, the questions without an answer, the last words typed.
// Tells  its listener what arrives, each durable message once.
// Never  draws, and never decides what a message means to the visitor.

import { backoff } from "./backoff.ts";
import type { About, Ask, ClientSays, Csat, Envelope, Feedback, HandoffWish, Resume, ServerMessage, VisitorMessage, Welcome } from "./types.ts";

/** The part of a WebSocket that is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Time and chance, so that a test can hold both. */
export interface Clock {
  after(ms: number, what: () => void): () => void;
  random(): number;
}

/** What the connection tells. */
export interface Listener {
  /** A conversation is open. `welcome.recovered` when what was missed follows; `lost` when there was a
   * conversation before and it does not go on whole. */
  opened(welcome: Welcome, lost: boolean): void;
  /** The socket is gone; the next try comes by itself. */
  dropped(): void;
  /** A message, the id of the question or the keystroke it answers, and its place in the conversation. */
  heard(message: ServerMessage, id: string | undefined, offset: number | undefined): void;
  /** The conversation goes on over another connection; this one does not come back by itself. */
  takenOver(): void;
  /** An admin closed the session; it does not come back by itself. */
  dismissed(): void;
  /** The server closed the socket over this question; it is not sent again. */
  refused(id: string): void;
}

export interface ConnectionOptions {
  open: () => Socket;
  clock: Clock;
  listener: Listener;
  /** The visitor's language, sent with `hello`. */
  locale: string;
  /** Begins every id of this page, so that two pages in one conversation never share one. */
  prefix: string;
  /** What a page that was left open before knows of its conversation. */
  before?: Before | undefined;
}

/** What outlives a page that is loaded again: the conversation, and what has no answer yet. */
export interface Before {
  resume: Resume;
  unanswered: readonly (readonly [string, ClientSays])[];
  opinions?: readonly (readonly [string, Opinion])[] | undefined;
}

/** What the visitor thinks of an answer or of the conversation. Kept, and sent again with every welcome, until the
 * server acknowledges it or refuses it; the id tells the server that it is the same. */
interface Opinion {
  id: string;
  says: ClientSays;
}

/** How long an opinion rests that came when too much was said at once, in milliseconds. */
const OPINION_AGAIN_MS = 2_000;
/** Time for a socket to open and be welcomed, in milliseconds. A proxy that accepts and says nothing is not
 * a server. */
const WELCOME_WITHIN_MS = 10_000;
/** RFC 6455: a frame was larger than the server takes. Sent again it would close the next socket too. */
const TOO_LARGE = 1009;
/** Another connection goes on with the conversation: to come back would take it away from there again. */
const TAKEN_OVER = 4001;
/** An admin closed the session: to come back at once would undo it. */
const DISMISSED = 4002;
/** The visitor broke a rule, or the pod is full: to come again at once would only make it worse. */
const NOT_SO_SOON = new Set([1008, 1013]);
/** Failures that those two count for: their first wait is about four seconds. */
const NOT_SO_SOON_FAILURES = 3;

export class Connection {
  private socket: Socket | undefined;
  private welcomed = false;
  private failures = 0;
  private numbers = 0;
  private resume: Resume | undefined;
  private readonly unanswered = new Map<string, ClientSays>();
  /** By what they are about: of each the last counts. */
  private readonly opinions = new Map<string, Opinion>();
  private typed: { id: string; content: string } | undefined;
  private whole: { id: string; content: string } | undefined;
  private shows: About = {};
  private stopTimer: (() => void) | undefined;
  private comeBackAfter: number | undefined;

  constructor(private readonly options: ConnectionOptions) {
    this.resume = options.before?.resume;
    for (const [id, says] of options.before?.unanswered ?? []) this.unanswered.set(id, says);
    for (const [about, opinion] of options.before?.opinions ?? []) this.opinions.set(about, opinion);
  }

  /** What a page that is loaded again goes on with; undefined while there is no conversation. */
  kept(): Before | undefined {
    return this.resume === undefined ? undefined : { resume: { ...this.resume }, unanswered: [...this.unanswered], opinions: [...this.opinions] };
  }

  /** Proves whose conversation it is, for requests beside the socket. */
  get token(): string | undefined {
    return this.resume?.token;
  }

  /** Opens the socket, now. Does nothing when there is one. */
  connect(): void {
    if (this.socket !== undefined) return;
    this.stopTimer?.();
    const socket = this.options.open();
    this.socket = socket;
    socket.onopen = () => {
      this.greet(this.resume);
    };
    socket.onmessage = (event) => {
      if (typeof event.data === "string") this.received(event.data);
    };
    socket.onclose = (event) => {
      this.closed(socket, event.code);
    };
    this.stopTimer = this.options.clock.after(WELCOME_WITHIN_MS, () => {
      socket.close();
      this.closed(socket, 1006);
    });
  }

  /** Closes for good. */
  end(): void {
    this.stopTimer?.();
    const socket = this.socket;
    this.socket = undefined;
    if (socket !== undefined) {
      socket.onclose = null;
      socket.close(1000);
    }
  }

  /** Asks for predictions; returns the id that they will bear. Only the last words typed matter. */
  type(content: string): string {
    const id = this.nextId();
    this.typed = { id, content };
    if (this.welcomed) this.send({ type: "typing", content }, id);
    return id;
  }

  /** Asks what a whole text means; returns the id that the answer will bear. */
  understand(content: string): string {
    const id = this.nextId();
    this.whole = { id, content };
    if (this.welcomed) this.send({ type: "understand", content }, id);
    return id;
  }

  /** Asks a question; returns the id of its answer. It is sent again after a drop, until it is answered. */
  ask(ask: Ask): string {
    return this.mustArrive({ type: "lock_and_query", ...ask });
  }

  /** An id for a message that is not ready to be sent yet. */
  reserve(): string {
    return this.nextId();
  }

  /** Sends a message to the agent under this id. Sent again after a drop, until the server has it. */
  say(message: VisitorMessage, id: string): void {
    this.mustArrive({ type: "message", ...message }, id);
  }

  /** Asks for a person, or for none any more; sent again after a drop. Returns its id. */
  wish(wish: HandoffWish): string {
    // The last wish counts: who withdraws while the line is down wants none when it is back.
    for (const [id, says] of this.unanswered) if (says.type === "handoff") this.unanswered.delete(id);
    return this.mustArrive({ type: "handoff", ...wish });
  }

  /** Says what the visitor thinks of an answer; sent when there is a connection. Returns its id. */
  judge(feedback: Feedback): string {
    return this.opine(`feedback ${feedback.offset}`, { type: "feedback", ...feedback });
  }

  /** Says what the visitor thinks of the conversation, likewise. */
  rate(mark: Csat): string {
    return this.opine("csat", { type: "csat", ...mark });
  }

  private opine(about: string, says: ClientSays): string {
    const opinion = { id: this.nextId(), says };
    this.opinions.set(about, opinion);
    if (this.welcomed) this.send(says, opinion.id);
    return opinion.id;
  }

  private sendOpinions(): void {
    for (const { id, says } of this.opinions.values()) this.send(says, id);
  }

  /** Says what the page shows: the chosen product, the scenario, the page itself. Said again after a drop. */
  about(shows: About): void {
    if (JSON.stringify(shows) === JSON.stringify(this.shows)) return;
    this.shows = shows;
    if (this.welcomed) this.send({ type: "about", ...shows });
  }

  /** Ends the conversation; sent again after a drop, until the server has closed it. */
  bye(): void {
    this.mustArrive({ type: "bye" });
  }

  /** Says something that the server does not answer; nothing is said while there is no connection. */
  tell(says: ClientSays): boolean {
    if (this.welcomed) this.send(says);
    return this.welcomed;
  }

  /** Forgets the conversation and begins another. */
  beginAnew(): void {
    this.end();
    this.resume = undefined;
    this.unanswered.clear();
    this.opinions.clear();
    this.welcomed = false;
    this.connect();
  }

  private mustArrive(says: ClientSays, id = this.nextId()): string {
    this.unanswered.set(id, says);
    if (this.welcomed) this.send(says, id);
    return id;
  }

  /** Stops the answers that are on their way. */
  cancel(): void {
    if (this.welcomed) this.send({ type: "cancel" });
    else for (const [id, says] of this.unanswered) if ("product_id" in says) this.unanswered.delete(id);
  }

  /** Says the visitor's new language. */
  speak(locale: string): void {
    this.options.locale = locale;
    if (this.welcomed) this.greet(undefined);
  }

  private greet(resume: Resume | undefined): void {
    const { locale } = this.options;
    this.send({ type: "hello", compact: true, locale, ...(resume === undefined ? {} : { resume }) });
  }

  private nextId(): string {
    return `${this.options.prefix}-${++this.numbers}`;
  }

  private send(says: ClientSays, id?: string): void {
    this.socket?.send(JSON.stringify(id === undefined ? says : { ...says, id }));
  }

  private received(text: string): void {
    let frame: ServerMessage & Envelope;
    try {
      frame = JSON.parse(text) as ServerMessage & Envelope;
    } catch {
      return; // Not one of ours; the protocol says to ignore what one does not know.
    }
    // First, for its `offset` is the conversation's and not its own.
    if (frame.type === "welcome") {
      this.welcome(frame);
      return;
    }
    if (this.resume !== undefined && typeof frame.offset === "number") {
      if (frame.offset <= this.resume.after) return; // Heard already, before the drop.
      if (frame.offset > this.resume.after + 1) {
        this.askAgain();
        return;
      }
      this.resume.after = frame.offset;
    }
    if (frame.type === "reconnect") this.comeBackAfter = frame.after_ms;
    const id = frame.id ?? undefined;
    if (id !== undefined && endsQuestion(frame)) this.unanswered.delete(id);
    if (id !== undefined && (frame.type === "ack" || frame.type === "error")) {
      for (const [about, opinion] of this.opinions) if (opinion.id === id) this.opinions.delete(about);
    }
    // Which message was not read, the server does not say.
    if (frame.type === "error" && frame.code === "rate_limited" && this.opinions.size > 0) {
      this.options.clock.after(OPINION_AGAIN_MS, () => {
        if (this.welcomed) this.sendOpinions();
      });
    }
    // A wish has no answer of its own: what becomes of it is told to the conversation.
    if (frame.type === "handoff") {
      const isDone = ({ type }: ClientSays): boolean => type === "handoff" || (type === "bye" && frame.state === "closed");
      for (const [wish, says] of this.unanswered) if (isDone(says)) this.unanswered.delete(wish);
    }
    this.options.listener.heard(frame, id, frame.offset ?? undefined);
  }

  private welcome(welcome: Welcome): void {
    const first = !this.welcomed;
    this.welcomed = true;
    this.failures = 0;
    this.stopTimer?.();
    const { conversation, token, offset, recovered } = welcome;
    const before = this.resume;
    // A conversation that goes on keeps the client's own place: what it missed is sent next. So does a
    // second welcome of one connection, which may be ahead of messages that are still on their way.
    const goesOn = before?.conversation === conversation && (recovered || !first);
    this.resume = { conversation, token, after: goesOn ? before.after : offset };
    // Offsets are of one conversation; in another they would judge something else.
    if (before !== undefined && before.conversation !== conversation) this.opinions.clear();
    if (!first) return;
    this.options.listener.opened(welcome, before !== undefined && !recovered);
    // First: a person who is asked for next is to know what it is about.
    if (Object.keys(this.shows).length > 0) this.send({ type: "about", ...this.shows });
    for (const [id, says] of this.unanswered) this.send(says, id);
    this.sendOpinions();
    if (this.typed !== undefined) this.send({ type: "typing", content: this.typed.content }, this.typed.id);
    if (this.whole !== undefined && this.whole.content === this.typed?.content) this.send({ type: "understand", content: this.whole.content }, this.whole.id);
  }

  /** A message is missing: connects again, and what comes after the last one heard is sent again. */
  private askAgain(): void {
    const socket = this.socket;
    if (socket === undefined) return;
    socket.close();
    this.closed(socket, 1006);
  }

  private closed(socket: Socket, code: number): void {
    if (this.socket !== socket) return;
    this.socket = undefined;
    this.welcomed = false;
    this.stopTimer?.();
    if (code === TOO_LARGE) {
      // The frame that was too large is the last that was sent.
      const last = [...this.unanswered.keys()].at(-1);
      if (last !== undefined) {
        this.unanswered.delete(last);
        this.options.listener.refused(last);
      }
    }
    if (code === TAKEN_OVER) {
      this.options.listener.takenOver();
      return;
    }
    if (code === DISMISSED) {
      this.options.listener.dismissed();
      return;
    }
    if (NOT_SO_SOON.has(code)) this.failures = Math.max(this.failures, NOT_SO_SOON_FAILURES);
    this.options.listener.dropped();
    const wait = this.comeBackAfter ?? backoff(this.failures++, this.options.clock.random());
    this.comeBackAfter = undefined;
    this.stopTimer = this.options.clock.after(wait, () => {
      this.connect();
    });
  }
}

/** True for the last message that a question gets. */
function endsQuestion(message: ServerMessage): boolean {
  // A question asked while a person has the conversation comes back as a message.
  return ["final_answer", "message", "error"].includes(message.type) || isRefusal(message);
}

/** True for a status that says why a question is not answered (part 1 has no other form for it). */
export function isRefusal(message: ServerMessage): boolean {
  return message.type === "status" && message.msg.startsWith("Error:");
}
