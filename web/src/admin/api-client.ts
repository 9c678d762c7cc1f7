// HTTP client of the administration: one function for every route, and one result type.
//
// Sends the token if one was entered, else the browser's cookie and, for changes, the session's CSRF token. Never
// keeps the token longer than the tab, never sends it to a route that takes no token.

import type { Readiness } from "../wire/actors.ts";
import { type Me, currentUser } from "../wire/team.ts";

/** The result of a request. */
export type Answer<Body> =
  | { what: "seen"; body: Body; status: number }
  /** No session, insufficient role, or wrong token. The page shows the sign-in for `/admin/…`. */
  | { what: "forbidden" }
  /** The server has no such route: it is of another version, or lacks the feature. */
  | { what: "unavailable" }
  /** The server refused; `message` is for people. */
  | { what: "refused"; status: number; code: string; message: string }
  /** No response. */
  | { what: "lost" };

export type Became = Answer<unknown>["what"];

/** A page of a list, and the start of the next one. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** Query parameters; undefined and empty ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestOptions {
  query?: Query;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent unchanged, instead of `body`. */
  raw?: Blob;
  /** Longest wait for the response, in milliseconds. */
  patience?: number;
}

/** Longest wait for a response, in milliseconds: then the page reports that the server is unreachable. */
const PATIENCE_MS = 10_000;
/** Session storage key of the token: for this tab, until it is closed. */
const KEPT = "hsc-admin-token";

export class ApiClient {
  private token = storedToken();
  /** True until the server has accepted the token: it was just entered, so a refusal is about it. */
  private isNew = false;
  private me: Promise<Me | undefined> | undefined;

  /** `locked` is called when an administration route refuses access; `refused` tells that a token was just tried. */
  constructor(
    private readonly server: URL,
    private readonly locked: (refused: boolean) => void,
  ) {}

  /** Continues with this token. */
  unlock(token: string): void {
    this.token = token;
    this.isNew = token !== "";
  }

  /** The current user, as last reported by the server. */
  whoIsIn(): Promise<Me | undefined> {
    this.me ??= currentUser(this.server);
    return this.me;
  }

  get<Body>(path: string, query: Query = {}): Promise<Answer<Body>> {
    return this.ask("GET", path, { query });
  }

  post<Body>(path: string, body?: unknown, more: RequestOptions = {}): Promise<Answer<Body>> {
    return this.ask("POST", path, { ...more, body });
  }

  put<Body>(path: string, request: RequestOptions): Promise<Answer<Body>> {
    return this.ask("PUT", path, request);
  }

  patch<Body>(path: string, body: unknown): Promise<Answer<Body>> {
    return this.ask("PATCH", path, { body });
  }

  delete(path: string): Promise<Answer<undefined>> {
    return this.ask("DELETE", path, {});
  }

  /** Saves the response of a route as a file: a link could not send the token. */
  async save(path: string, query: Query, name: string): Promise<Answer<undefined>> {
    const answer = await this.ask<Blob>("GET", path, { query }, (response) => response.blob());
    if (answer.what !== "seen") return answer;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(answer.body);
    link.download = name;
    link.click();
    // The browser reads the file in a later task.
    setTimeout(() => {
      URL.revokeObjectURL(link.href);
    }, 10_000);
    return { ...answer, body: undefined };
  }

  /** Whether the pod takes new work; undefined without a response. */
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
    request: RequestOptions,
    read: (response: Response) => Promise<unknown> = (response) => response.json(),
  ): Promise<Answer<Body>> {
    const isAdmin = path.startsWith("/admin/");
    const response = await this.sent(method, path, request, isAdmin ? this.token : "");
    if (response === undefined) return { what: "lost" };
    try {
      if (response.ok) {
        if (isAdmin) this.passed();
        return { what: "seen", status: response.status, body: (response.status === 204 ? undefined : await read(response)) as Body };
      }
      const { code = "", message = "" } = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
      // A session may have been opened in another tab, with another CSRF token.
      if (code === "no_csrf_token" && (await this.isAnother())) return await this.ask(method, path, request, read);
      if (code === "not_signed_in" || code === "forbidden") {
        // An old token, which the server no longer accepts, must not hide a signed-in user.
        if (isAdmin && this.token !== "" && !this.isNew) {
          this.forget();
          return await this.ask(method, path, request, read);
        }
        if (isAdmin) this.shut();
        return { what: "forbidden" };
      }
      if (code === "no_such_route") return { what: "unavailable" };
      // An error that is not ours comes from a proxy whose server is down.
      if (code === "" && response.status >= 500) return { what: "lost" };
      return { what: "refused", status: response.status, code, message };
    } catch {
      return { what: "lost" };
    }
  }

  private async sent(method: string, path: string, request: RequestOptions, token: string): Promise<Response | undefined> {
    const headers = new Headers();
    // A header cannot hold other characters, so no server has such a token; it is refused as a wrong one.
    if (token !== "") headers.set("authorization", `Bearer ${/^[\x21-\x7e][\x20-\x7e]*$/.test(token) ? token : "?"}`);
    if (request.body !== undefined || request.raw !== undefined) headers.set("content-type", "application/json");
    if (method !== "GET" && token === "") {
      const me = await this.whoIsIn();
      if (me !== undefined) headers.set("x-csrf-token", me.csrf);
    }
    const address = new URL(path, this.server);
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined && value !== "") address.searchParams.set(name, String(value));
    }
    const body = request.raw ?? (request.body === undefined ? null : JSON.stringify(request.body));
    const signal = AbortSignal.timeout(request.patience ?? PATIENCE_MS);
    try {
      return await fetch(address, { method, headers, body, cache: "no-store", signal });
    } catch {
      return undefined;
    }
  }

  /** Reads the current user again; false when nothing changed, and a retry is useless. */
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
    // After another sign-in the CSRF token differs.
    this.me = undefined;
    this.locked(refused);
  }

  private forget(): void {
    this.token = "";
    this.isNew = false;
    keep("");
  }
}

function storedToken(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // Storage is disabled; the token is entered again next time.
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
