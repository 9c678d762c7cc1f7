// The socket to the server: reconnects after a loss, and repeats questions until they are answered.
//
// Owns   the socket, the conversation, the unanswered questions, the last typed text.
// Tells  its listener each message, and each durable message once.
// Never  draws, and never interprets a message for the visitor.

import { backoff } from "./backoff.ts";
import type { About, Ask, ClientSays, Csat, Envelope, Feedback, HandoffWish, Resume, ServerMessage, VisitorMessage, Welcome } from "./types.ts";

/** The used part of a WebSocket. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

/** Clock and random numbers, so that a test can control both. */
export interface Clock {
  after(ms: number, what: () => void): () => void;
  random(): number;
}

/** Callbacks of the connection. */
export interface Listener {
  /**
   * A conversation is open. `welcome.recovered` if missed messages follow; `lost` if an earlier conversation does not
   * continue completely.
   */
  opened(welcome: Welcome, lost: boolean): void;
  /** The socket was lost; it reconnects by itself. */
  lost(): void;
  /** A message, the id of its question or keystroke, and its offset in the conversation. */
  received(message: ServerMessage, id: string | undefined, offset: number | undefined): void;
  /** The conversation continues on another connection; this one does not reconnect by itself. */
  takenOver(): void;
  /** An admin closed the session; it does not reconnect by itself. */
  dismissed(): void;
  /** The server closed the socket because of this question; it is not sent again. */
  refused(id: string): void;
}

export interface ConnectionOptions {
  open: () => Socket;
  clock: Clock;
  listener: Listener;
  /** The visitor's language, sent with `hello`. */
  locale: string;
  /** Prefix of every id of this page, so that two pages of one conversation share none. */
  prefix: string;
  /** The stored conversation of an earlier page. */
  before?: Before | undefined;
}

/** What survives a reload of the page: the conversation, and the unanswered messages. */
export interface Before {
  resume: Resume;
  unanswered: readonly (readonly [string, ClientSays])[];
  opinions?: readonly (readonly [string, Rating])[] | undefined;
}

/**
 * A rating of an answer or of the conversation. Kept, and sent again after every welcome, until the server
 * acknowledges or refuses it; its id tells the server that it is the same.
 */
interface Rating {
  id: string;
  says: ClientSays;
}

/** Delay before a rating is sent again that exceeded the rate limit, in milliseconds. */
const OPINION_AGAIN_MS = 2_000;
/**
 * Longest time for a socket to open and be welcomed, in milliseconds. A proxy may accept a connection without a
 * server behind it.
 */
const WELCOME_WITHIN_MS = 10_000;
/** RFC 6455: a frame exceeded the server's limit. Sent again it would close the next socket too. */
const TOO_LARGE = 1009;
/** Another connection has the conversation: reconnecting would take it away from there. */
const TAKEN_OVER = 4001;
/** An admin closed the session: reconnecting would undo that. */
const DISMISSED = 4002;
/** The visitor broke a rule, or the pod is full: an immediate reconnect would make it worse. */
const NOT_SO_SOON = new Set([1008, 1013]);
/** Number of failures that those two count as: the first delay is about four seconds. */
const NOT_SO_SOON_FAILURES = 3;

export class Connection {
  private socket: Socket | undefined;
  private welcomed = false;
  private failures = 0;
  private numbers = 0;
  private resume: Resume | undefined;
  private readonly unanswered = new Map<string, ClientSays>();
  /** By their subject: the last one of each counts. */
  private readonly ratings = new Map<string, Rating>();
  private typed: { id: string; content: string } | undefined;
  private whole: { id: string; content: string } | undefined;
  private shows: About = {};
  private stopTimer: (() => void) | undefined;
  private comeBackAfter: number | undefined;

  constructor(private readonly options: ConnectionOptions) {
    this.resume = options.before?.resume;
    for (const [id, says] of options.before?.unanswered ?? []) this.unanswered.set(id, says);
    for (const [about, opinion] of options.before?.opinions ?? []) this.ratings.set(about, opinion);
  }

  /** The state for a reload of the page; undefined while there is no conversation. */
  snapshot(): Before | undefined {
    return this.resume === undefined ? undefined : { resume: { ...this.resume }, unanswered: [...this.unanswered], opinions: [...this.ratings] };
  }

  /** The conversation's token, for HTTP requests. */
  get token(): string | undefined {
    return this.resume?.token;
  }

  /** Opens the socket now. Does nothing if there is one. */
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

  /** Requests predictions; returns the id of their response. Only the last text matters. */
  type(content: string): string {
    const id = this.nextId();
    this.typed = { id, content };
    if (this.welcomed) this.send({ type: "typing", content }, id);
    return id;
  }

  /** Requests the interpretation of a whole text; returns the id of the response. */
  understand(content: string): string {
    const id = this.nextId();
    this.whole = { id, content };
    if (this.welcomed) this.send({ type: "understand", content }, id);
    return id;
  }

  /** Asks a question; returns the id of its answer. Sent again after a loss, until it is answered. */
  ask(ask: Ask): string {
    return this.mustArrive({ type: "lock_and_query", ...ask });
  }

  /** An id for a message that is sent later. */
  reserve(): string {
    return this.nextId();
  }

  /** Sends a message to the agent under this id. Sent again after a loss, until the server has it. */
  sendMessage(message: VisitorMessage, id: string): void {
    this.mustArrive({ type: "message", ...message }, id);
  }

  /** Requests or withdraws an agent; sent again after a loss. Returns its id. */
  wish(wish: HandoffWish): string {
    // The last request counts: a withdrawal during a loss cancels the request.
    for (const [id, says] of this.unanswered) if (says.type === "handoff") this.unanswered.delete(id);
    return this.mustArrive({ type: "handoff", ...wish });
  }

  /** Rates an answer; sent when there is a connection. Returns its id. */
  rateAnswer(feedback: Feedback): string {
    return this.opine(`feedback ${feedback.offset}`, { type: "feedback", ...feedback });
  }

  /** Rates the conversation, likewise. */
  rateConversation(mark: Csat): string {
    return this.opine("csat", { type: "csat", ...mark });
  }

  private opine(about: string, says: ClientSays): string {
    const opinion = { id: this.nextId(), says };
    this.ratings.set(about, opinion);
    if (this.welcomed) this.send(says, opinion.id);
    return opinion.id;
  }

  private sendOpinions(): void {
    for (const { id, says } of this.ratings.values()) this.send(says, id);
  }

  /** Sends the state of the page: the chosen product, the scenario, the address. Sent again after a loss. */
  about(shows: About): void {
    if (JSON.stringify(shows) === JSON.stringify(this.shows)) return;
    this.shows = shows;
    if (this.welcomed) this.send({ type: "about", ...shows });
  }

  /** Ends the conversation; sent again after a loss, until the server has closed it. */
  bye(): void {
    this.mustArrive({ type: "bye" });
  }

  /** Sends a message without a reply; dropped without a connection. */
  tell(says: ClientSays): boolean {
    if (this.welcomed) this.send(says);
    return this.welcomed;
  }

  /** Forgets the conversation and begins another. */
  restart(): void {
    this.end();
    this.resume = undefined;
    this.unanswered.clear();
    this.ratings.clear();
    this.welcomed = false;
    this.connect();
  }

  private mustArrive(says: ClientSays, id = this.nextId()): string {
    this.unanswered.set(id, says);
    if (this.welcomed) this.send(says, id);
    return id;
  }

  /** Cancels the running answers. */
  cancel(): void {
    if (this.welcomed) this.send({ type: "cancel" });
    else for (const [id, says] of this.unanswered) if ("product_id" in says) this.unanswered.delete(id);
  }

  /** Sends the visitor's new language. */
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
      return; // Unknown; the protocol requires ignoring it.
    }
    // First, because its `offset` is the conversation's and not its own.
    if (frame.type === "welcome") {
      this.welcome(frame);
      return;
    }
    if (this.resume !== undefined && typeof frame.offset === "number") {
      if (frame.offset <= this.resume.after) return; // Received already, before the loss.
      if (frame.offset > this.resume.after + 1) {
        this.reconnectForMissed();
        return;
      }
      this.resume.after = frame.offset;
    }
    if (frame.type === "reconnect") this.comeBackAfter = frame.after_ms;
    const id = frame.id ?? undefined;
    if (id !== undefined && endsQuestion(frame)) this.unanswered.delete(id);
    if (id !== undefined && (frame.type === "ack" || frame.type === "error")) {
      for (const [about, opinion] of this.ratings) if (opinion.id === id) this.ratings.delete(about);
    }
    // The server does not say which message it refused.
    if (frame.type === "error" && frame.code === "rate_limited" && this.ratings.size > 0) {
      this.options.clock.after(OPINION_AGAIN_MS, () => {
        if (this.welcomed) this.sendOpinions();
      });
    }
    // A request for an agent has no reply of its own: its result is a message of the conversation.
    if (frame.type === "handoff") {
      const isDone = ({ type }: ClientSays): boolean => type === "handoff" || (type === "bye" && frame.state === "closed");
      for (const [wish, says] of this.unanswered) if (isDone(says)) this.unanswered.delete(wish);
    }
    this.options.listener.received(frame, id, frame.offset ?? undefined);
  }

  private welcome(welcome: Welcome): void {
    const first = !this.welcomed;
    this.welcomed = true;
    this.failures = 0;
    this.stopTimer?.();
    const { conversation, token, offset, recovered } = welcome;
    const before = this.resume;
    // A conversation that continues keeps the client's own offset: the missed messages follow. So does a second
    // welcome of one connection, which may precede messages that are still on their way.
    const goesOn = before?.conversation === conversation && (recovered || !first);
    this.resume = { conversation, token, after: goesOn ? before.after : offset };
    // Offsets belong to one conversation; in another they would rate something else.
    if (before !== undefined && before.conversation !== conversation) this.ratings.clear();
    if (!first) return;
    this.options.listener.opened(welcome, before !== undefined && !recovered);
    // First: an agent who is requested next should know the page.
    if (Object.keys(this.shows).length > 0) this.send({ type: "about", ...this.shows });
    for (const [id, says] of this.unanswered) this.send(says, id);
    this.sendOpinions();
    if (this.typed !== undefined) this.send({ type: "typing", content: this.typed.content }, this.typed.id);
    if (this.whole !== undefined && this.whole.content === this.typed?.content) this.send({ type: "understand", content: this.whole.content }, this.whole.id);
  }

  /** A message is missing: reconnects, and the server sends everything after the last received one. */
  private reconnectForMissed(): void {
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
      // The frame that was too large is the last one sent.
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
    this.options.listener.lost();
    const wait = this.comeBackAfter ?? backoff(this.failures++, this.options.clock.random());
    this.comeBackAfter = undefined;
    this.stopTimer = this.options.clock.after(wait, () => {
      this.connect();
    });
  }
}

/** True for the last message of a question. */
function endsQuestion(message: ServerMessage): boolean {
  // A question during a chat with an agent returns as a message.
  return ["final_answer", "message", "error"].includes(message.type) || isRefusal(message);
}

/** True for a status that explains why a question is not answered (part 1 has no other form for it). */
export function isRefusal(message: ServerMessage): boolean {
  return message.type === "status" && message.msg.startsWith("Error:");
}
