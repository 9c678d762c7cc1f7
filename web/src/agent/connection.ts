// The agents' socket: reconnects after a loss, and reports the result of each request.
//
// Owns   the socket, and the requests without a response.
// Tells  its listener the messages, and the requests that will get no response because the socket was lost.
// Never  repeats a request: only the desk knows whether it was performed before a loss.

import { backoff } from "../wire/backoff.ts";
import type { Clock, Socket } from "../wire/connection.ts";
import type { AgentMessage, DeskMessage, Envelope } from "../wire/types.ts";

/** Callbacks of the connection. */
export interface Listener {
  received(message: DeskMessage, id: string | undefined): void;
  /** This request will get no response. */
  unanswered(id: string): void;
  /** The socket was lost; it reconnects by itself. `opened` is false if it was never open. */
  lost(opened: boolean): void;
}

export interface ConnectionOptions {
  open: () => Socket;
  clock: Clock;
  listener: Listener;
  /** Prefix of every id of this page, so that unsent messages of an earlier page have different ids. */
  prefix: string;
}

/** Longest time for a socket to open and receive the desk, in milliseconds. */
const DESK_WITHIN_MS = 10_000;
/** Longest wait for a response: the server gives up an undeliverable message after nine seconds. */
const ANSWERED_WITHIN_MS = 20_000;
/** Longest wait for a draft; the server gives it up after a minute. */
const DRAFTED_WITHIN_MS = 70_000;
/** A broken rule, or a full pod: an immediate reconnect would make it worse. */
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

  /** Opens the socket now. Does nothing if it is open, or after the end. */
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

  /** Sends a request; returns its id. Without a connection it is reported as unanswered at once. */
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
    // A lost network is silent; a late response closes the socket.
    const late = clock.after(within, () => {
      this.giveUp(socket);
    });
    this.asked.set(id, late);
    socket.send(JSON.stringify({ ...says, id }));
    return id;
  }

  /** Sends a message without a response, which may be lost. */
  send(says: AgentMessage): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(says));
  }

  private received(text: string): void {
    let frame: DeskMessage & Envelope;
    try {
      frame = JSON.parse(text) as DeskMessage & Envelope;
    } catch {
      return; // Not a message of the server.
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
    this.options.listener.received(frame, id);
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
    const requests = [...this.asked];
    this.asked.clear();
    listener.lost(opened);
    for (const [id, stop] of requests) {
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
