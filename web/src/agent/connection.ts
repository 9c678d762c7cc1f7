// The agents' socket: opened again when it drops; whoever asked something learns what became of it.
//
// Owns   the socket, and what was asked over it and is not answered.
// Tells  its listener what arrives, and what will not be answered any more because the socket is gone.
// Never  says anything twice: whether something was done before a loss, only the desk knows.

import { backoff } from "../wire/backoff.ts";
import type { Clock, Socket } from "../wire/connection.ts";
import type { AgentMessage, DeskMessage, Envelope } from "../wire/types.ts";

/** What the connection tells. */
export interface Listener {
  heard(message: DeskMessage, id: string | undefined): void;
  /** This was asked, and no answer will come. */
  unanswered(id: string): void;
  /** The socket is gone; the next try comes by itself. `opened` is false when it had never been open. */
  dropped(opened: boolean): void;
}

export interface ConnectionOptions {
  open: () => Socket;
  clock: Clock;
  listener: Listener;
  /** Begins every id of this page, so that what a page before it left unsent shares none. */
  prefix: string;
}

/** Time for a socket to open and show the desk, in milliseconds. */
const DESK_WITHIN_MS = 10_000;
/** Longest wait for an answer: the server itself gives up a message that reaches nobody after nine seconds. */
const ANSWERED_WITHIN_MS = 20_000;
/** Longest wait for a draft; the server gives it up after a minute. */
const DRAFTED_WITHIN_MS = 70_000;
/** A rule was broken, or the pod is full: to come again at once would only make it worse. */
const NOT_SO_SOON = new Set([1008, 1013]);
const NOT_SO_SOON_FAILURES = 3;

export class AgentConnection {
  private socket: Socket | undefined;
  private isOpen = false;
  private failures = 0;
  private numbers = 0;
  private readonly asked = new Map<string, () => void>();
  private stopTimer: (() => void) | undefined;
  private comeBackAfter: number | undefined;
  private isOver = false;

  constructor(private readonly options: ConnectionOptions) {}

  /** Opens the socket, now. Does nothing when there is one, or when it is over. */
  connect(): void {
    if (this.socket !== undefined || this.isOver) return;
    this.stopTimer?.();
    const socket = this.options.open();
    this.socket = socket;
    socket.onmessage = ({ data }) => {
      if (typeof data === "string" && this.socket === socket) this.received(data);
    };
    socket.onclose = ({ code }) => {
      this.closed(socket, code);
    };
    this.stopTimer = this.options.clock.after(DESK_WITHIN_MS, () => {
      this.giveUp(socket);
    });
  }

  /** Closes for good. */
  end(): void {
    this.isOver = true;
    this.stopTimer?.();
    const socket = this.socket;
    this.socket = undefined;
    this.isOpen = false;
    socket?.close(1000);
  }

  /** Says something that gets an answer; returns its id. Where there is no connection it is unanswered at once. */
  ask(says: AgentMessage): string {
    const id = `${this.options.prefix}-${++this.numbers}`;
    const { clock, listener } = this.options;
    const { socket } = this;
    if (!this.isOpen || socket === undefined) {
      queueMicrotask(() => {
        listener.unanswered(id);
      });
      return id;
    }
    const within = says.type === "draft" ? DRAFTED_WITHIN_MS : ANSWERED_WITHIN_MS;
    // A network that is gone says nothing; then the socket is the one to doubt.
    const late = clock.after(within, () => {
      this.giveUp(socket);
    });
    this.asked.set(id, late);
    socket.send(JSON.stringify({ ...says, id }));
    return id;
  }

  /** Says something that gets none, and that nobody misses. */
  tell(says: AgentMessage): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(says));
  }

  private received(text: string): void {
    let frame: DeskMessage & Envelope;
    try {
      frame = JSON.parse(text) as DeskMessage & Envelope;
    } catch {
      return; // Not one of ours.
    }
    if (frame.type === "desk" && !this.isOpen) {
      this.isOpen = true;
      this.failures = 0;
      this.stopTimer?.();
    }
    if (frame.type === "reconnect") this.comeBackAfter = frame.after_ms;
    const id = frame.id ?? undefined;
    if (id !== undefined) {
      this.asked.get(id)?.();
      this.asked.delete(id);
    }
    this.options.listener.heard(frame, id);
  }

  private giveUp(socket: Socket): void {
    socket.close();
    this.closed(socket, 1006);
  }

  private closed(socket: Socket, code: number): void {
    if (this.socket !== socket) return;
    const { clock, listener } = this.options;
    const opened = this.isOpen;
    this.socket = undefined;
    this.isOpen = false;
    this.stopTimer?.();
    const asked = [...this.asked];
    this.asked.clear();
    listener.dropped(opened);
    for (const [id, stop] of asked) {
      stop();
      listener.unanswered(id);
    }
    if (NOT_SO_SOON.has(code)) this.failures = Math.max(this.failures, NOT_SO_SOON_FAILURES);
    const wait = this.comeBackAfter ?? backoff(this.failures++, clock.random());
    this.comeBackAfter = undefined;
    this.stopTimer = clock.after(wait, () => {
      this.connect();
    });
  }
}
