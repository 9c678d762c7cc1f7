// The requests of the team's pages about the current user.

/** Longest wait for a response, in milliseconds: password hashing is slow on purpose, and may be queued. */
const PATIENCE_MS = 15_000;

/** A signed-in user. */
export interface Me {
  id: string;
  name: string;
  role: "agent" | "admin";
  /** Value of the header `X-CSRF-Token` for changes. */
  csrf: string;
}

/** The result of a sign-in. */
export type Entry =
  | { what: "in"; me: Me }
  /** The server refused; `code` is the reason, `waitSeconds` the wait if it has one. */
  | { what: "refused"; code: string; waitSeconds?: number | undefined }
  /** No response. */
  | { what: "away" };

/** Signs in by password. */
export function signIn(server: URL, address: string, password: string): Promise<Entry> {
  return enter(new URL("/api/sign-in", server), { address, password });
}

/** The first account, and the token of the link. */
export interface FirstAccount {
  token: string;
  name: string;
  address: string;
  password: string;
}

/** Creates the first account and signs it in. */
export function createFirst(server: URL, account: FirstAccount): Promise<Entry> {
  return enter(new URL("/api/first", server), account);
}

/** The current user; undefined without a session or without a response. */
export async function currentUser(server: URL): Promise<Me | undefined> {
  return ask<Me>(new URL("/api/me", server));
}

/** True if the server reports that there is no session; false without a response. */
export async function isSignedOut(server: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL("/api/me", server), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.status === 401;
  } catch {
    return false;
  }
}

/** The ways to sign in: the OpenID provider's name, if there is one, and whether an account exists. */
export interface Ways {
  provider: string | undefined;
  hasAccounts: boolean;
}

export async function ways(server: URL): Promise<Ways> {
  const options = await ask<{ provider: string | null; has_accounts?: boolean }>(new URL("/api/sign-in", server));
  return { provider: options?.provider ?? undefined, hasAccounts: options?.has_accounts ?? true };
}

/** Signs out of this browser or of every one; false if the server did not do it. */
export async function signOut(server: URL, me: Me, everywhere: boolean): Promise<boolean> {
  const response = await post(new URL("/api/sign-out", server), { everywhere }, { "x-csrf-token": me.csrf });
  // An expired session is signed out already.
  return response !== undefined && (response.ok || response.status === 401);
}

async function enter(address: URL, body: object): Promise<Entry> {
  const response = await post(address, body);
  if (response === undefined) return { what: "away" };
  try {
    if (response.ok) return { what: "in", me: (await response.json()) as Me };
    const { code } = (await response.json()) as { code: string };
    const wait = Number(response.headers.get("retry-after"));
    return { what: "refused", code, waitSeconds: wait > 0 ? wait : undefined };
  } catch {
    return { what: "away" };
  }
}

async function ask<Answer>(address: URL): Promise<Answer | undefined> {
  try {
    const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? ((await response.json()) as Answer) : undefined;
  } catch {
    return undefined;
  }
}

async function post(address: URL, body: object, headers: Record<string, string> = {}): Promise<Response | undefined> {
  try {
    return await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return undefined;
  }
}
