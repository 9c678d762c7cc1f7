// Asks the server for administration, over every route in the same way, and says what became of it.
//
// Brings the token where one was given, else the browser's cookie and, on what changes something, the csrf
// of the session. Never keeps the token longer than the tab, never brings it to a route that takes no token.

import type { Readiness } from "../wire/actors.ts";
import { type Me, whoIsIn } from "../wire/team.ts";

/** What became of a request. */
export type Answer<Body> =
  | { what: "seen"; body: Body; status: number }
  /** Nobody is signed in, the role is too small, or the token is wrong. The page shows its door for `/admin/…`. */
  | { what: "forbidden" }
  /** This server has no such route: it is of another version, or leaves the part out. */
  | { what: "unavailable" }
  /** The server says no; `message` is for people. */
  | { what: "refused"; status: number; code: string; message: string }
  /** It does not answer. */
  | { what: "lost" };

export type Became = Answer<unknown>["what"];

/** A part of a list, and where the next begins. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** What a query holds; what is undefined or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Said {
  query?: Query;
  /** Goes as JSON. */
  body?: unknown;
  /** Goes as it is, in place of `body`. */
  raw?: Blob;
  /** How long the answer may take, in milliseconds. */
  patience?: number;
}

/** How long an answer may take, in milliseconds: past it the page says that the server is out of reach. */
const PATIENCE_MS = 10_000;
/** Where the token is kept: for this tab, until it is closed. */
const KEPT = "hsc-admin-token";

export class Caller {
  private token = kept();
  /** True until the server has taken the token: it was typed just now, and nobody else is to blame. */
  private isNew = false;
  private me: Promise<Me | undefined> | undefined;

  /** `locked` hears when an administration route lets nobody in; `refused` says that a token was just tried. */
  constructor(
    private readonly server: URL,
    private readonly locked: (refused: boolean) => void,
  ) {}

  /** Goes on with this token. */
  unlock(token: string): void {
    this.token = token;
    this.isNew = token !== "";
  }

  /** Who is signed in with this browser, as the server last said. */
  whoIsIn(): Promise<Me | undefined> {
    this.me ??= whoIsIn(this.server);
    return this.me;
  }

  get<Body>(path: string, query: Query = {}): Promise<Answer<Body>> {
    return this.ask("GET", path, { query });
  }

  post<Body>(path: string, body?: unknown, more: Said = {}): Promise<Answer<Body>> {
    return this.ask("POST", path, { ...more, body });
  }

  put<Body>(path: string, said: Said): Promise<Answer<Body>> {
    return this.ask("PUT", path, said);
  }

  patch<Body>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.ask("PATCH", path, { body });
  }

  delete(path: string): Promise<Answer<undefined>> {
    return this.ask("DELETE", path, {});
  }

  /** Saves what a route answers as a file: a link could not bring the token. */
  async save(path: string, query: Query, name: string): Promise<Answer<undefined>> {
    const answer = await this.ask<Blob>("GET", path, { query }, (response) => response.blob());
    if (answer.what !== "seen") return answer;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(answer.body);
    link.download = name;
    link.click();
    // The browser takes hold of the file in its next turn.
    setTimeout(() => {
      URL.revokeObjectURL(link.href);
    }, 10_000);
    return { ...answer, body: undefined };
  }

  /** Whether the pod takes new work; undefined while it does not answer. */
  async ready(): Promise<Readiness | undefined> {
    const response = await this.sent("GET", "/ready", {}, "");
    try {
      if (response === undefined) return undefined;
      const { reason } = (await response.json()) as { reason?: string };
      return { ready: response.ok, reason };
    } catch {
      return undefined;
    }
  }

  private async ask<Body>(
    method: string,
    path: string,
    said: Said,
    read: (response: Response) => Promise<unknown> = (response) => response.json(),
  ): Promise<Answer<Body>> {
    const isAdmin = path.startsWith("/admin/");
    const response = await this.sent(method, path, said, isAdmin ? this.token : "");
    if (response === undefined) return { what: "lost" };
    try {
      if (response.ok) {
        if (isAdmin) this.passed();
        return { what: "seen", status: response.status, body: (response.status === 204 ? undefined : await read(response)) as Body };
      }
      const { code = "", message = "" } = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
      // A session may have begun anew in another tab; its csrf is another.
      if (code === "no_csrf_token" && (await this.isAnother())) return await this.ask(method, path, said, read);
      if (code === "not_signed_in" || code === "forbidden") {
        // A token of before, that the server has another of now, must not hide who is signed in.
        if (isAdmin && this.token !== "" && !this.isNew) {
          this.forget();
          return await this.ask(method, path, said, read);
        }
        if (isAdmin) this.shut();
        return { what: "forbidden" };
      }
      if (code === "no_such_route") return { what: "unavailable" };
      // What is no trouble of ours comes from something between: a proxy whose server is away.
      if (code === "" && response.status >= 500) return { what: "lost" };
      return { what: "refused", status: response.status, code, message };
    } catch {
      return { what: "lost" };
    }
  }

  private async sent(method: string, path: string, said: Said, token: string): Promise<Response | undefined> {
    const headers = new Headers();
    // A header can hold nothing else, so no server has such a token; it is refused as any wrong one.
    if (token !== "") headers.set("authorization", `Bearer ${/^[\x21-\x7e][\x20-\x7e]*$/.test(token) ? token : "?"}`);
    if (said.body !== undefined || said.raw !== undefined) headers.set("content-type", "application/json");
    if (method !== "GET" && token === "") {
      const me = await this.whoIsIn();
      if (me !== undefined) headers.set("x-csrf-token", me.csrf);
    }
    const address = new URL(path, this.server);
    for (const [name, value] of Object.entries(said.query ?? {})) {
      if (value !== undefined && value !== "") address.searchParams.set(name, String(value));
    }
    const body = said.raw ?? (said.body === undefined ? null : JSON.stringify(said.body));
    const signal = AbortSignal.timeout(said.patience ?? PATIENCE_MS);
    try {
      return await fetch(address, { method, headers, body, cache: "no-store", signal });
    } catch {
      return undefined;
    }
  }

  /** Reads again who is signed in; false when that brings nothing new, and trying again would not either. */
  private async isAnother(): Promise<boolean> {
    const before = await this.whoIsIn();
    this.me = undefined;
    const now = await this.whoIsIn();
    return now !== undefined && now.csrf !== before?.csrf;
  }

  private passed(): void {
    this.isNew = false;
    if (this.token !== "") keep(this.token);
  }

  private shut(): void {
    const refused = this.isNew;
    this.forget();
    // Whoever signs in again has another csrf.
    this.me = undefined;
    this.locked(refused);
  }

  private forget(): void {
    this.token = "";
    this.isNew = false;
    keep("");
  }
}

function kept(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // Storage is switched off; it is typed again next time.
  }
}

function keep(token: string): void {
  try {
    if (token === "") sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, token);
  } catch {
    // Then it lives as long as the page.
  }
}
