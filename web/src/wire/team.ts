// What the pages of the team ask the server about who somebody is.

/** How long an answer may take, in milliseconds: a password is hashed on purpose slowly, and may wait its turn. */
const PATIENCE_MS = 15_000;

/** Somebody who is signed in. */
export interface Me {
  id: string;
  name: string;
  role: "agent" | "admin";
  /** What a request that changes something brings as `X-CSRF-Token`. */
  csrf: string;
}

/** What became of a try to sign in. */
export type Entry =
  | { what: "in"; me: Me }
  /** The server says no; `code` says why, `waitSeconds` for how long where it says that. */
  | { what: "refused"; code: string; waitSeconds?: number | undefined }
  /** It does not answer. */
  | { what: "away" };

/** Signs in by password. */
export function signIn(server: URL, address: string, password: string): Promise<Entry> {
  return enter(new URL("/api/sign-in", server), { address, password });
}

/** The first account, and what the link of the first start brought. */
export interface FirstAccount {
  token: string;
  name: string;
  address: string;
  password: string;
}

/** Makes the first account and signs it in. */
export function makeFirst(server: URL, account: FirstAccount): Promise<Entry> {
  return enter(new URL("/api/first", server), account);
}

/** Who is signed in with this browser; nobody when it is nobody or cannot be learnt. */
export async function whoIsIn(server: URL): Promise<Me | undefined> {
  return ask<Me>(new URL("/api/me", server));
}

/** True when the server says that nobody is signed in; false too while it says nothing. */
export async function isOut(server: URL): Promise<boolean> {
  try {
    const response = await fetch(new URL("/api/me", server), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.status === 401;
  } catch {
    return false;
  }
}

/** The ways to sign in: what the OpenID provider is called, where there is one, and whether there is any account. */
export interface Ways {
  provider: string | undefined;
  hasAccounts: boolean;
}

export async function ways(server: URL): Promise<Ways> {
  const told = await ask<{ provider: string | null; has_accounts?: boolean }>(new URL("/api/sign-in", server));
  return { provider: told?.provider ?? undefined, hasAccounts: told?.has_accounts ?? true };
}

/** Signs out, of this browser or of every one; false when the server did not do it. */
export async function signOut(server: URL, me: Me, everywhere: boolean): Promise<boolean> {
  const response = await post(new URL("/api/sign-out", server), { everywhere }, { "x-csrf-token": me.csrf });
  // Whose session is over already is signed out.
  return response !== undefined && (response.ok || response.status === 401);
}

async function enter(address: URL, said: object): Promise<Entry> {
  const response = await post(address, said);
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

async function post(address: URL, said: object, headers: Record<string, string> = {}): Promise<Response | undefined> {
  try {
    return await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(said),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    return undefined;
  }
}
