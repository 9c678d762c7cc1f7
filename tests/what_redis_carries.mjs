// Capacity of one Redis: runs the server's scripts of the conversation log and its pub/sub against a separate
// redis-server, and prints the cost of each unit. docs/operations/capacity.md is computed from it.
//
//   node tests/what_redis_carries.mjs
//
// The cost of a command is measured by Redis (INFO commandstats) and as the CPU time of its process, so a slow
// client does not change it. It measures and asserts nothing.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

const root = path.dirname(path.dirname(new URL(import.meta.url).pathname));

/** Time limit of one reply, and of a condition. */
const PATIENCE_MS = 120_000;

/** The result of a promise; an error that names the event if it is not fulfilled in time. */
async function inTime(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${PATIENCE_MS} ms: ${what}`)), PATIENCE_MS);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Repeats a check until it is true. */
async function eventually(what, holds) {
  const until = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A RESP2 connection; replies arrive in order. */
class Connection {
  #waiting = [];
  #buffer = Buffer.alloc(0);
  messages = 0;

  static async to(port) {
    const connection = new Connection();
    connection.socket = net.connect(port, "127.0.0.1");
    await inTime("Redis accepts", new Promise((resolve, reject) => connection.socket.once("connect", resolve).once("error", reject)));
    connection.socket.on("data", (data) => connection.#read(data));
    return connection;
  }

  say(...args) {
    let text = `*${args.length}\r\n`;
    for (const arg of args) text += `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`;
    this.socket.write(text);
    return inTime(`Redis answers ${args[0]}`, new Promise((resolve, reject) => this.#waiting.push({ resolve, reject })));
  }

  #read(data) {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
    let at = 0;
    for (;;) {
      const parsed = this.#value(at);
      if (!parsed) break;
      [at] = [parsed.end];
      if (Array.isArray(parsed.value) && parsed.value[0] === "message") this.messages += 1;
      else {
        const waiting = this.#waiting.shift();
        if (parsed.value instanceof Error) waiting?.reject(parsed.value);
        else waiting?.resolve(parsed.value);
      }
    }
    this.#buffer = this.#buffer.subarray(at);
  }

  #value(at) {
    const line = this.#buffer.indexOf("\r\n", at);
    if (line < 0) return null;
    const head = this.#buffer.toString("utf8", at + 1, line);
    let end = line + 2;
    switch (String.fromCharCode(this.#buffer[at])) {
      case "+":
        return { value: head, end };
      case "-":
        return { value: new Error(head), end };
      case ":":
        return { value: Number(head), end };
      case "$": {
        const length = Number(head);
        if (length < 0) return { value: null, end };
        if (this.#buffer.length < end + length + 2) return null;
        return { value: this.#buffer.toString("utf8", end, end + length), end: end + length + 2 };
      }
      default: {
        const value = [];
        for (let left = Number(head); left > 0; left -= 1) {
          const item = this.#value(end);
          if (!item) return null;
          value.push(item.value);
          end = item.end;
        }
        return { value, end };
      }
    }
  }
}

const script = (name) => {
  const text = (file) => readFileSync(path.join(root, "src/pods/log", file), "utf8");
  return `${text("meta.lua")}\n${text(name)}`;
};

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const folder = mkdtempSync(path.join(tmpdir(), "redis-"));
const port = await freePort();
const redis = spawn(
  "redis-server",
  ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder],
  { stdio: "ignore" },
);
try {
  let admin;
  for (let tries = 0; !admin && tries < 200; tries += 1) {
    admin = await Connection.to(port).catch(() => new Promise((resolve) => setTimeout(resolve, 20)));
  }
  const info = async (section) => await admin.say("INFO", section);
  const field = (text, name) => Number(new RegExp(`^${name}:([0-9.]+)`, "m").exec(text)[1]);
  const memory = async () => field(await info("memory"), "used_memory");
  const processor = async () => {
    const cpu = await info("cpu");
    return (field(cpu, "used_cpu_user") + field(cpu, "used_cpu_sys")) * 1e6;
  };
  const perCall = async (command) => Number(/usec_per_call=([0-9.]+)/.exec((await info("commandstats")).split("\n").find((line) => line.startsWith(`cmdstat_${command}:`)))[1]);
  const row = (what, figure) => console.log(`| ${what} | ${figure} |`);
  const us = (figure) => `${figure.toFixed(1)} µs`;
  console.log(`Redis ${/redis_version:(\S+)/.exec(await info("server"))[1]}\n\n| unit | cost |\n|---|---|`);

  // Conversations: each is begun and has two answers, in the batches a session makes of them.
  const [begin, append, takeOver] = await Promise.all(
    ["begin.lua", "append.lua", "take_over.lua"].map((name) => admin.say("SCRIPT", "LOAD", script(name))),
  );
  const lanes = await Promise.all(Array.from({ length: 16 }, () => Connection.to(port)));
  const conversations = 5_000;
  const frame = (offset, bytes) => JSON.stringify({ type: "answer_chunk", offset, content: "x".repeat(bytes) });
  const minutes = JSON.stringify({ minutes: "x".repeat(300) });
  const keys = (at) => [`hsc:{c${at}}:log`, `hsc:{c${at}}:entries`];
  const ttl = 3_600_000;
  const batch = (at, withMinutes, entries) => [
    "EVALSHA", append, 2, ...keys(at), "pod", 1, ttl, 1000, `hsc:conversation.c${at}`, '{"v":1,"body":[', "]}",
    withMinutes ? "1" : "0", withMinutes ? minutes : "", ...entries.flat(),
  ];
  const each = async (work) => {
    let next = 0;
    await Promise.all(lanes.map(async (lane) => {
      while (next < conversations) {
        const at = next;
        next += 1;
        await work(lane, at);
      }
    }));
  };
  const before = await memory();
  await each((lane, at) => lane.say("EVALSHA", begin, 2, ...keys(at), "pod", 1, 0, ttl));
  const idle = await memory();
  await admin.say("CONFIG", "RESETSTAT");
  const cpu = await processor();
  const began = performance.now();
  let appends = 0;
  const check = (reply) => {
    if (reply[0] !== "done") throw new Error(`append: ${reply}`);
    appends += 1;
  };
  await each(async (lane, at) => {
    for (const answer of [0, 8]) {
      check(await lane.say(...batch(at, true, [])));
      check(await lane.say(...batch(at, false, [[answer + 1, frame(answer + 1, 200)]])));
      const rest = [2, 3, 4, 5, 6].map((offset) => [answer + offset, frame(answer + offset, 200)]);
      check(await lane.say(...batch(at, true, [...rest, [answer + 7, frame(answer + 7, 1_500)], [answer + 8, frame(answer + 8, 2_500)]])));
    }
  });
  const seconds = (performance.now() - began) / 1000;
  const used = (await processor()) - cpu;
  row("conversation that was begun, memory", `${Math.round((idle - before) / conversations)} bytes`);
  row("the same with two answers (16 messages, 9.9 KB of frames), memory", `${((await memory() - before) / conversations / 1024).toFixed(1)} KiB`);
  row("append and publish, one batch, in the script", us(await perCall("evalsha")));
  row("the same with reading and writing the connection", us(used / appends));
  row("batches a second here, 16 connections of one client", Math.round(appends / seconds).toLocaleString("en"));
  await admin.say("CONFIG", "RESETSTAT");
  await each((lane, at) => lane.say("EVALSHA", takeOver, 2, ...keys(at), "another", ttl, 1, 8, "", ""));
  row("taking a conversation over, eight messages missed", us(await perCall("evalsha")));

  // Pub/sub: one message to so many pods, and channels that a pod wants.
  for (const pods of [3, 100]) {
    const listeners = await Promise.all(Array.from({ length: pods }, () => Connection.to(port)));
    await Promise.all(listeners.map((listener) => listener.say("SUBSCRIBE", "hsc:pods")));
    await admin.say("CONFIG", "RESETSTAT");
    const start = await processor();
    const count = 2_000;
    for (let at = 0; at < count; at += 1) await lanes[0].say("PUBLISH", "hsc:pods", "x".repeat(300));
    await eventually("every listener has every message", async () => listeners.every((listener) => listener.messages >= count));
    row(`a message to all of ${pods} pods`, us(((await processor()) - start) / count));
    for (const listener of listeners) listener.socket.destroy();
  }
  const listener = await Connection.to(port);
  const channels = 50_000;
  const without = await memory();
  for (let at = 0; at < channels; at += 500) {
    const names = Array.from({ length: 500 }, (_, place) => `hsc:conversation.${String(at + place).padStart(32, "0")}`);
    listener.say("SUBSCRIBE", ...names).catch(() => {});
  }
  await eventually("all channels are listened to", async () => Number((await admin.say("PUBSUB", "CHANNELS")).length) >= channels);
  row("a channel that one pod wants, memory", `${Math.round(((await memory()) - without) / channels)} bytes`);
  for (const connection of [...lanes, listener, admin]) connection.socket.destroy();
} finally {
  redis.kill();
  rmSync(folder, { recursive: true, force: true });
}
