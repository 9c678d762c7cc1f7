import { expect, test } from "vitest";
import type { Socket } from "../wire/connection.ts";
import { AgentConnection } from "./connection.ts";

/** A socket and a clock that the test controls. */
function stage() {
  const sockets: (Socket & { sent: string[]; closed: boolean })[] = [];
  const timers: { ms: number; what: () => void; on: boolean }[] = [];
  const told: string[] = [];
  const connection = new AgentConnection({
    prefix: "a",
    open: () => {
      const socket = {
        onopen: null, onmessage: null, onclose: null, sent: [] as string[], closed: false,
        send(text: string) { this.sent.push(text); },
        close() { this.closed = true; },
      } as Socket & { sent: string[]; closed: boolean };
      sockets.push(socket);
      return socket;
    },
    clock: {
      after: (ms, what) => {
        const timer = { ms, what, on: true };
        timers.push(timer);
        return () => { timer.on = false; };
      },
      random: () => 1,
    },
    listener: {
      received: (message, id) => told.push(`heard ${message.type} ${id ?? ""}`),
      unanswered: (id) => told.push(`unanswered ${id}`),
      lost: (opened) => told.push(`dropped ${opened ? "open" : "closed"}`),
    },
  });
  const last = () => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("none was opened");
    return socket;
  };
  const hear = (frame: object): void => last().onmessage?.({ data: JSON.stringify(frame) });
  const desk = { type: "desk", you: { id: "y", name: "Y" }, available: true, waiting: [], mine: [], open: [], agents: [] };
  return { connection, last, hear, desk, told, timers, sockets };
}

test("what was asked and not answered is told when the socket is lost, and it comes back", () => {
  const { connection, last, hear, desk, told, timers, sockets } = stage();
  connection.connect();
  hear(desk);
  const answered = connection.ask({ type: "take", conversation: "c" });
  const lost = connection.ask({ type: "say", conversation: "c", content: "Hi" });
  expect(last().sent.map((text) => (JSON.parse(text) as { id: string }).id)).toEqual([answered, lost]);
  hear({ type: "done", id: answered });
  last().onclose?.({ code: 1006 });
  expect(told).toEqual(["heard desk ", `heard done ${answered}`, "dropped open", `unanswered ${lost}`]);
  timers.filter(({ on }) => on).at(-1)?.what();
  expect(sockets).toHaveLength(2);
});

test("an answer that does not come in time makes the socket doubtful", () => {
  const { connection, last, hear, desk, told, timers } = stage();
  connection.connect();
  hear(desk);
  const id = connection.ask({ type: "say", conversation: "c", content: "Hi" });
  const socket = last();
  timers.filter(({ on }) => on).at(-1)?.what();
  expect(socket.closed).toBe(true);
  expect(told).toContain(`unanswered ${id}`);
});

test("without a connection nothing is sent, and that is told", async () => {
  const { connection, told } = stage();
  const id = connection.ask({ type: "give_back", conversation: "c" });
  await Promise.resolve();
  expect(told).toEqual([`unanswered ${id}`]);
});

test("a pod that drains says when to come again", () => {
  const { connection, last, hear, desk, timers } = stage();
  connection.connect();
  hear(desk);
  hear({ type: "reconnect", after_ms: 1234 });
  last().onclose?.({ code: 1012 });
  expect(timers.at(-1)).toMatchObject({ ms: 1234, on: true });
});
