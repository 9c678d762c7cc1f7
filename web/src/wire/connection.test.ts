import { describe, expect, test } from "vitest";
import { backoff } from "./backoff.ts";
import { Connection, type Socket } from "./connection.ts";
import type { ServerMessage } from "./types.ts";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.drop(1006);
  }
  drop(code: number): void {
    this.onclose?.({ code });
  }
  says(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  welcome(more: object = {}): void {
    this.onopen?.();
    const limits = { typing_chars: 1000, question_chars: 2000, image_bytes: 9, message_bytes: 9, messages_per_second: 9 };
    this.says({ type: "welcome", conversation: "c", token: "t", epoch: 1, offset: 0, recovered: false, limits, ...more });
  }
  types(): unknown[] {
    return this.sent.map((message) => message.type);
  }
}

function house() {
  const sockets: FakeSocket[] = [];
  const timers = new Map<number, { ms: number; what: () => void }>();
  let timer = 0;
  const told: string[] = [];
  const connection = new Connection({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    clock: {
      after: (ms, what) => {
        const number = timer++;
        timers.set(number, { ms, what });
        return () => timers.delete(number);
      },
      random: () => 1,
    },
    listener: {
      opened: (welcome, lost) => told.push(welcome.recovered ? "recovered" : lost ? "opened, lost" : "opened"),
      lost: () => told.push("dropped"),
      takenOver: () => told.push("taken over"),
      dismissed: () => told.push("dismissed"),
      received: (message: ServerMessage, id) => told.push(`${message.type} ${id ?? ""}`.trim()),
      refused: (id) => told.push(`refused ${id}`),
    },
    locale: "en",
    prefix: "p",
  });
  /** Fires the one running timer, and returns its delay. */
  const ring = (): number => {
    const [entry] = timers;
    if (entry === undefined || timers.size > 1) throw new Error(`${timers.size} timers run`);
    timers.delete(entry[0]);
    entry[1].what();
    return entry[1].ms;
  };
  const socket = (): FakeSocket => {
    const last = sockets.at(-1);
    if (last === undefined) throw new Error("no socket was opened");
    return last;
  };
  return { connection, sockets, socket, told, ring };
}

const ask = { product_id: "td17", query: "how loud?", scenario: "live" } as const;

describe("the connection", () => {
  test("says hello first, and the questions once it is welcome", () => {
    const { connection, socket } = house();
    connection.connect();
    connection.ask(ask);
    connection.type("td");
    expect(socket().types()).toEqual([]);
    socket().welcome();
    expect(socket().types()).toEqual(["hello", "lock_and_query", "typing"]);
    expect(socket().sent[0]).toEqual({ type: "hello", compact: true, locale: "en" });
  });

  test("after a drop it comes back by itself and repeats what has no answer, with the same id", () => {
    const { connection, sockets, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    const answered = connection.ask(ask);
    const open = connection.ask(ask);
    socket().says({ type: "final_answer", content: "", id: answered, offset: 1 });
    socket().drop(1006);
    expect(told).toEqual(["opened", `final_answer ${answered}`, "dropped"]);
    ring();
    expect(sockets).toHaveLength(2);
    socket().welcome();
    expect(socket().sent[0]?.resume).toEqual({ conversation: "c", token: "t", after: 1 });
    expect(socket().sent.filter((message) => message.type === "lock_and_query").map((message) => message.id)).toEqual(
      [open],
    );
  });

  test("of a conversation that goes on each message is heard once", () => {
    const { connection, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    const id = connection.ask(ask);
    socket().says({ type: "answer_chunk", content: "a", id, offset: 1 });
    socket().drop(1006);
    ring();
    socket().welcome({ recovered: true, offset: 2, epoch: 2 });
    socket().says({ type: "answer_chunk", content: "a", id, offset: 1 });
    socket().says({ type: "answer_chunk", content: "b", id, offset: 2 });
    expect(told).toEqual(["opened", `answer_chunk ${id}`, "dropped", "recovered", `answer_chunk ${id}`]);
  });

  test("of a conversation that was lost the offsets begin anew", () => {
    const { connection, socket, told, ring } = house();
    connection.connect();
    socket().welcome({ offset: 40 });
    socket().drop(1006);
    ring();
    socket().welcome({ conversation: "d", offset: 0 });
    socket().says({ type: "answer_chunk", content: "a", offset: 1 });
    expect(told.at(-1)).toBe("answer_chunk");
  });

  test("a conversation that is begun anew after a loss is said to have lost something", () => {
    const { connection, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    socket().drop(1006);
    ring();
    socket().welcome({ conversation: "d", reason: "the conversation is not kept any more" });
    expect(told).toEqual(["opened", "dropped", "opened, lost"]);
  });

  test("where a message is missing it connects again and asks for it", () => {
    const { connection, sockets, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    const id = connection.ask(ask);
    socket().says({ type: "answer_chunk", content: "a", id, offset: 1 });
    socket().says({ type: "answer_chunk", content: "c", id, offset: 3 });
    expect(told).toEqual(["opened", `answer_chunk ${id}`, "dropped"]);
    ring();
    expect(sockets).toHaveLength(2);
    socket().welcome({ recovered: true, offset: 3, epoch: 2 });
    expect(socket().sent[0]?.resume).toEqual({ conversation: "c", token: "t", after: 1 });
    socket().says({ type: "answer_chunk", content: "b", id, offset: 2 });
    socket().says({ type: "answer_chunk", content: "c", id, offset: 3 });
    expect(told.filter((what) => what.startsWith("answer_chunk"))).toHaveLength(3);
  });

  test("a second welcome of one connection does not pass over what is on its way", () => {
    const { connection, socket, told } = house();
    connection.connect();
    socket().welcome();
    const id = connection.ask(ask);
    socket().says({ type: "answer_chunk", content: "a", id, offset: 1 });
    connection.speak("he");
    socket().welcome({ offset: 3 });
    socket().says({ type: "answer_chunk", content: "b", id, offset: 2 });
    expect(told).toEqual(["opened", `answer_chunk ${id}`, `answer_chunk ${id}`]);
  });

  test("a conversation that goes on elsewhere is left there until the visitor wants it back", () => {
    const { connection, sockets, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    socket().drop(4001);
    expect(told).toEqual(["opened", "taken over"]);
    expect(ring).toThrow("0 timers run");
    connection.connect();
    expect(sockets).toHaveLength(2);
    socket().welcome({ recovered: true, epoch: 3 });
    expect(socket().sent[0]?.resume).toEqual({ conversation: "c", token: "t", after: 0 });
  });

  test("a session that an admin closed stays closed until the visitor wants it back", () => {
    const { connection, sockets, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    socket().drop(4002);
    expect(told).toEqual(["opened", "dismissed"]);
    expect(ring).toThrow("0 timers run");
    connection.connect();
    expect(sockets).toHaveLength(2);
  });

  test("each failed try waits longer, and a welcome begins anew", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      socket().drop(1006);
      waits.push(ring());
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);
    socket().welcome();
    socket().drop(1006);
    expect(ring()).toBe(500);
  });

  test("a server that drains says when to come back", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    socket().welcome();
    socket().says({ type: "reconnect", after_ms: 1234 });
    socket().drop(1012);
    expect(ring()).toBe(1234);
  });

  test("a full server is given time", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    socket().welcome();
    socket().drop(1013);
    expect(ring()).toBe(4000);
  });

  test("a question that was too large is refused and not sent again", () => {
    const { connection, socket, told, ring } = house();
    connection.connect();
    socket().welcome();
    const id = connection.ask(ask);
    socket().drop(1009);
    expect(told).toContain(`refused ${id}`);
    ring();
    socket().welcome();
    expect(socket().types()).toEqual(["hello"]);
  });

  test("an opinion waits for a connection, and of each thing the last one counts", () => {
    const { connection, socket } = house();
    connection.connect();
    connection.rateAnswer({ offset: 3, thumb: "up" });
    const last = connection.rateAnswer({ offset: 3, thumb: "down" });
    const mark = connection.rateConversation({ rating: 5 });
    expect(socket().types()).toEqual([]);
    socket().welcome();
    expect(socket().sent.slice(1)).toEqual([
      { type: "feedback", offset: 3, thumb: "down", id: last },
      { type: "csat", rating: 5, id: mark },
    ]);
  });

  test("an opinion is said with every welcome until it is acknowledged, as the same one", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    socket().welcome();
    const id = connection.rateAnswer({ offset: 3, thumb: "up" });
    const mark = connection.rateConversation({ rating: 4 });
    const again = (): unknown[] => {
      socket().drop(1006);
      ring();
      socket().welcome({ recovered: true });
      return socket().sent.slice(1).map((message) => message.id);
    };
    expect(again()).toEqual([id, mark]);
    expect(again()).toEqual([id, mark]);
    expect(connection.snapshot()?.opinions?.map(([, opinion]) => opinion.id)).toEqual([id, mark]);
    socket().says({ type: "ack", id });
    expect(again()).toEqual([mark]);
    // A message that the server refuses is not sent again either.
    socket().says({ type: "error", code: "invalid_message", message: "no", id: mark });
    expect(again()).toEqual([]);
  });

  test("an opinion that came when too much was said is said again a little later", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    socket().welcome();
    const id = connection.rateConversation({ rating: 4 });
    socket().says({ type: "error", code: "rate_limited", message: "slow down" });
    ring();
    expect(socket().sent.filter((message) => message.id === id)).toHaveLength(2);
  });

  test("what the page shows is said once, before anything is asked, and again after a drop", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    connection.about({ product_id: "td17", scenario: "live", page: "https://shop.example/" });
    connection.wish({});
    socket().welcome();
    expect(socket().types()).toEqual(["hello", "about", "handoff"]);
    connection.about({ product_id: "td17", scenario: "live", page: "https://shop.example/" });
    connection.about({ product_id: "td27", scenario: "live" });
    expect(socket().sent.slice(3)).toEqual([{ type: "about", product_id: "td27", scenario: "live" }]);
    socket().drop(1006);
    ring();
    socket().welcome({ recovered: true });
    expect(socket().sent[1]).toEqual({ type: "about", product_id: "td27", scenario: "live" });
  });

  test("an opinion of another conversation is not said in this one", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    socket().welcome();
    socket().drop(1006);
    connection.rateAnswer({ offset: 3, thumb: "up" });
    ring();
    socket().welcome({ conversation: "d" });
    expect(socket().types()).toEqual(["hello"]);
  });

  test("a goodbye is said until the server has closed the conversation", () => {
    const { connection, socket, ring } = house();
    connection.connect();
    socket().welcome();
    connection.bye();
    socket().says({ type: "handoff", state: "waiting", offset: 1 });
    socket().drop(1006);
    ring();
    socket().welcome({ recovered: true, offset: 1 });
    expect(socket().types()).toEqual(["hello", "bye"]);
    socket().says({ type: "handoff", state: "closed", offset: 2 });
    socket().drop(1006);
    ring();
    socket().welcome({ recovered: true, offset: 2 });
    expect(socket().types()).toEqual(["hello"]);
  });

  test("a socket that opens and is never welcomed is given up", () => {
    const { connection, sockets, told, ring } = house();
    connection.connect();
    expect(ring()).toBe(10_000);
    expect(told).toEqual(["dropped"]);
    ring();
    expect(sockets).toHaveLength(2);
  });

  test("what is no message is passed over", () => {
    const { connection, socket, told } = house();
    connection.connect();
    socket().welcome();
    socket().onmessage?.({ data: "{" });
    expect(told).toEqual(["opened"]);
  });

  test("after its end it stays closed", () => {
    const { connection, sockets, told } = house();
    connection.connect();
    connection.end();
    expect(sockets).toHaveLength(1);
    expect(told).toEqual([]);
  });
});

test("chance takes at most half of a wait", () => {
  expect(backoff(2, 0)).toBe(1000);
  expect(backoff(2, 1)).toBe(2000);
  expect(backoff(99, 1)).toBe(15_000);
});
