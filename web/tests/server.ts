// The environment of the browser tests: a real server at its own address, and a real Chromium.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The server binary, for its command line. */
export const binary = process.env.HSC_BIN ?? fileURLToPath(new URL("../../target/debug/hsc", import.meta.url));
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** The admin token of these servers, unless a test sets another one. */
const ADMIN_TOKEN = "the-admin-token-of-the-browser-tests";
/** The headers of an operator who calls the server without a page. */
export const operatorHeaders = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };

/** The port of each server: it has its own address. */
export const PORT = 8000;

/** A server that can be stopped and restarted at its address. */
export class Server {
  private child: ChildProcess | undefined;

  private constructor(
    readonly host: string,
    private readonly settings: Readonly<Record<string, string>>,
  ) {}

  /** Starts one; `settings` are environment variables, `HSC__CHAOS__ENABLED`. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<Server> {
    const server = new Server(freeHost(), settings);
    await server.run();
    return server;
  }

  get address(): string {
    return `http://${this.host}:${PORT}`;
  }

  async run(): Promise<void> {
    if (!existsSync(binary)) throw new Error(`${binary} is not there: cargo build first, or set HSC_BIN`);
    const here = { HSC__SERVER__PORT: String(PORT), HSC__SERVER__HOST: this.host, HSC__ARCHIVE__PATH: "", HSC__ANSWERS__ENCODER__ENABLED: "false", HSC__ADMIN__TOKEN: ADMIN_TOKEN };
    const env = { ...process.env, ...here, ...this.settings };
    const child = spawn(binary, ["serve"], { cwd: root, env, stdio: ["ignore", "ignore", "ignore"] });
    this.child = child;
    await eventually(`${binary} serve answers`, async () => {
      if (child.exitCode !== null) throw new Error(`hsc serve ended with ${child.exitCode}`);
      return (await fetch(`${this.address}/ready`, { signal: AbortSignal.timeout(5_000) })).ok;
    });
  }

  /** Kills it, as a power failure would. */
  async kill(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child?.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    const late = new Promise((_, reject) => setTimeout(reject, 20_000, new Error("hsc serve was killed and is not gone after 20 s")).unref());
    await Promise.race([gone, late]);
  }
}

/** A page of another origin that embeds the widget. */
export async function foreignPage(server: Server, attributes: string): Promise<{ address: string; close(): void }> {
  const html = await readFile(new URL("foreign.html", import.meta.url), "utf8");
  const body = html.replace("SCRIPT", `<script src="${server.address}/widget.js" ${attributes}></script>`);
  const http = createServer((_request, response) => {
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      // A strict host: only its own resources and the server that it embeds.
      "content-security-policy": `default-src 'none'; script-src ${server.address}; style-src 'self'; connect-src ${server.address} ws://${server.host}:${PORT}; img-src data: ${server.address}`,
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

export function launch(): Promise<Browser> {
  const args = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync";
  return chromium.launch({ executablePath: chromiumPath, args: args.split(" ") });
}

/** A page that records its errors. */
export interface OpenPage {
  page: Page;
  /** Errors of the console, of scripts, and of the content security policy. */
  wrong: string[];
}

export async function open(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  return await watched(await browser.newContext({ ...defaults, ...options }), address);
}

const defaults = { locale: "en-US", viewport: { width: 1200, height: 800 } };

async function watched(context: BrowserContext, address: string): Promise<OpenPage> {
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    // "Failed to load resource" names the resource only in its location.
    const { url } = message.location();
    // The archive is written asynchronously: the console requests a conversation that has just begun, gets
    // 404, and requests it again when the server reports that the conversation is archived.
    if (message.text().includes("404") && /\/api\/conversations\/[^/?]+$/.test(url)) return;
    wrong.push(`${message.text()} ${url}`.trim());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  await page.exposeFunction("policyBroken", (what: string) => wrong.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      (window as unknown as { policyBroken(what: string): void }).policyBroken(
        `${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`,
      );
    });
  });
  await page.goto(address);
  return { page, wrong };
}

/** The same for a tab with the operator's token. */
export async function openAsOperator(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ ...defaults, ...options });
  await context.addInitScript((token) => {
    sessionStorage.setItem("hsc-admin-token", token);
  }, ADMIN_TOKEN);
  return await watched(context, address);
}

/** Waits until a condition is true; a timeout names it. */
export async function eventually(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const until = Date.now() + 40_000;
  let last: unknown;
  while (Date.now() < until) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
      if (error instanceof Error && error.message.startsWith("hsc serve ended")) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`in vain: ${what}`, { cause: last });
}

let servers = 0;

/**
 * A loopback address that no other server of the tests has: a port that is picked, released and passed to another
 * process may be taken in between. The last two parts are the process id.
 */
export function freeHost(): string {
  servers += 1;
  if (servers > 255) throw new Error("a test process starts at most 255 servers");
  return `127.${servers}.${(process.pid >> 8) & 255}.${process.pid & 255}`;
}
