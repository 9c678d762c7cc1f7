// Two pods with one Redis and a load balancer in front: the setup of a team, on this machine.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { type AddressInfo, connect, createServer, type Server as Listener, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, freeHost, PORT, Server } from "./server.ts";
import { temporaryFolder } from "./temporary.ts";

export const PASSWORD = "a tame yak sat over";
const binary = process.env.HSC_BIN ?? fileURLToPath(new URL("../../target/debug/hsc", import.meta.url));

const REDIS_PORT = 6379;

/** A redis-server without persistence. */
export class Redis {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<Redis> {
    const host = freeHost();
    const options = ["--port", String(REDIS_PORT), "--bind", host, "--save", "", "--appendonly", "no"];
    const child = spawn("redis-server", options, { stdio: "ignore" });
    await eventually("redis-server listens", () => answers(host, REDIS_PORT));
    return new Redis(child, `redis://${host}:${REDIS_PORT}`);
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

/** Sends each connection to the first of its pods that is available. */
export class Balancer {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly listener: Listener,
    private readonly pods: readonly Server[],
  ) {}

  static async before(...pods: Server[]): Promise<Balancer> {
    const listener = createServer();
    const balancer = new Balancer(listener, pods);
    listener.on("connection", (client) => void balancer.pass(client));
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    return balancer;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.listener.address() as AddressInfo).port}`;
  }

  private async pass(client: Socket): Promise<void> {
    client.on("error", () => client.destroy());
    for (const pod of this.pods) {
      if (!(await answers(pod.host, PORT))) continue;
      const server = connect(PORT, pod.host);
      for (const socket of [client, server]) {
        this.sockets.add(socket);
        socket.on("close", () => {
          this.sockets.delete(socket);
          client.destroy();
          server.destroy();
        });
      }
      server.on("error", () => server.destroy());
      client.pipe(server).pipe(client);
      return;
    }
    client.destroy();
  }

  stop(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** Settings of pods with shared keys, archive and accounts. */
export function sharedBy(redis: Redis): Readonly<Record<string, string>> {
  return withTeam({ HSC__REDIS__URL: redis.url });
}

/** Settings of a pod with an archive and accounts. */
export function withTeam(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const folder = temporaryFolder();
  const settings = {
    ...more,
    HSC__ARCHIVE__PATH: join(folder, "archive.sqlite"),
    HSC__UPLOADS__DIR: join(folder, "uploads"),
    HSC__CONVERSATIONS__TOKEN_KEYS: "0123456789abcdef0123456789abcdef",
  };
  for (const [address, name] of [["yael", "Yael"], ["noam", "Noam"]] as const) {
    const add = ["user", "add", `${address}@example.test`, "--name", name, "--role", "agent"];
    execFileSync(binary, add, { env: { ...process.env, ...settings }, input: `${PASSWORD}\n`, timeout: 60_000 });
  }
  return settings;
}
