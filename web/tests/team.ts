// A server with a team of agents, and visitors with real sockets.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import type { ClientSays, Envelope, ServerMessage } from "../src/wire/types.ts";
import { binary, eventually, launch, open, Server } from "./server.ts";
import { temporaryFolder } from "./temporary.ts";

const PASSWORD = "a tame yak sat over";
export const QUESTION = "How do I descale the machine?";
export const PRODUCT = "kettleby-ke-9";

type Heard = ServerMessage & Envelope;
interface Lobby {
  visitors: Record<string, { socket: WebSocket; heard: Heard[] }>;
}

export class Team {
  private constructor(
    readonly server: Server,
    readonly browser: Browser,
    /** A page whose script opens the visitors' sockets. */
    private readonly lobby: Page,
  ) {}

  /** Starts a server with the agents Yael and Noam and the admin Ada, and a browser. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Team> {
    const archive = { HSC__ARCHIVE__PATH: join(temporaryFolder(), "archive.sqlite") };
    for (const [address, name, role] of [["yael", "Yael", "agent"], ["noam", "Noam", "agent"], ["ada", "Ada", "admin"]] as const) {
      const add = ["user", "add", `${address}@example.test`, "--name", name, "--role", role];
      execFileSync(binary, add, { env: { ...process.env, ...archive }, input: `${PASSWORD}\n`, timeout: 60_000 });
    }
    const [server, browser] = await Promise.all([Server.start({ ...archive, ...settings }), launch()]);
    const { page } = await open(browser, `${server.address}/sign-in`);
    return new Team(server, browser, page);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.kill();
  }

  /** A signed-in agent with a loaded desk. `before` may change the page before it connects. */
  async agent(who: string, options: BrowserContextOptions = {}, before?: (page: Page) => Promise<void>) {
    const { page, wrong } = await open(this.browser, `${this.server.address}/agent`, { bypassCSP: true, ...options });
    await before?.(page);
    await page.locator("input[type=email]").fill(`${who}@example.test`);
    await page.locator("input[type=password]").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(`${this.server.address}/agent`);
    await page.locator("#agent[data-link=open]").waitFor();
    wrong.length = 0; // Nobody was signed in at first; the browser says so of /api/me.
    return { page, wrong };
  }

  visitor(name: string, locale = "en"): Promise<Visitor> {
    return Visitor.come(this.lobby, name, locale);
  }
}

/** A visitor, by the name of its socket in the page. */
export class Visitor {
  private constructor(
    private readonly lobby: Page,
    private readonly name: string,
  ) {}

  static async come(lobby: Page, name: string, locale: string): Promise<Visitor> {
    await lobby.evaluate(
      ([name, locale]) =>
        new Promise<void>((resolve, reject) => {
          const here = window as unknown as Lobby;
          const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
          const heard: Heard[] = [];
          here.visitors = { ...(here.visitors as Lobby["visitors"] | undefined), [name]: { socket, heard } };
          socket.onopen = () => {
            socket.send(JSON.stringify({ type: "hello", locale }));
          };
          socket.onmessage = ({ data }) => {
            heard.push(JSON.parse(data as string) as Heard);
            resolve();
          };
          socket.onclose = ({ code }) => {
            reject(new Error(`the socket closed with ${code} before the server said anything`));
          };
          setTimeout(reject, 40_000, new Error("the server said nothing for 40 s"));
        }),
      [name, locale] as const,
    );
    return new Visitor(lobby, name);
  }

  async say(...all: ClientSays[]): Promise<void> {
    for (const says of all) {
      await this.lobby.evaluate(([name, text]) => {
        (window as unknown as Lobby).visitors[name]?.socket.send(text);
      }, [this.name, JSON.stringify(says)] as const);
    }
  }

  heard(): Promise<Heard[]> {
    return this.lobby.evaluate((name) => (window as unknown as Lobby).visitors[name]?.heard ?? [], this.name);
  }

  /** Waits for a message that contains this text. */
  async hears(words: string): Promise<void> {
    await eventually(`the visitor hears ${words}`, async () => JSON.stringify(await this.heard()).includes(words));
  }

  /** Waits for the end of so many answers, and returns the last of them. */
  async answered(count: number): Promise<Extract<Heard, { type: "final_answer" }>> {
    let heard: Heard[] = [];
    const ends = (): Extract<Heard, { type: "final_answer" }>[] => heard.filter((message) => message.type === "final_answer");
    await eventually(`the visitor hears the end of ${count} answers`, async () => {
      heard = await this.heard();
      if (ends().length >= count) return true;
      throw new Error(`heard ${heard.map((message) => ("code" in message ? `${message.type} ${message.code}` : message.type)).join(", ")}`);
    });
    const last = ends().at(-1);
    if (last === undefined) throw new Error("no answer ended");
    return last;
  }

  async leave(): Promise<void> {
    await this.lobby.evaluate((name) => {
      (window as unknown as Lobby).visitors[name]?.socket.close();
    }, this.name);
  }
}
