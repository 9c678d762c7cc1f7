// The actors of a pod, over HTTP, as an operator may see them.

import type { TreeReport } from "./types.ts";

/** Whether the pod takes new work, and why not. */
export interface Readiness {
  ready: boolean;
  reason: string | undefined;
}

/** What became of one look at the pod. */
export type Look =
  | { what: "seen"; tree: TreeReport; readiness: Readiness }
  /** The server wants a token, or another one. */
  | { what: "forbidden" }
  /** It does not answer, or not with what it should. */
  | { what: "lost" };

/** How long an answer may take, in milliseconds: past it the page says that the server is out of reach. */
const PATIENCE_MS = 5000;

/** Looks at a pod once. */
export async function lookAt(server: URL, token: string): Promise<Look> {
  // A header can hold nothing else, so no server has such a token.
  if (!/^[\x20-\x7e]*$/.test(token)) return { what: "forbidden" };
  const headers: HeadersInit = token === "" ? {} : { authorization: `Bearer ${token}` };
  const ask = (path: string): Promise<Response> =>
    fetch(new URL(path, server), { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  try {
    const [actors, ready] = await Promise.all([ask("/admin/actors"), ask("/ready")]);
    if (actors.status === 401 || actors.status === 403) return { what: "forbidden" };
    if (!actors.ok) return { what: "lost" };
    const tree = (await actors.json()) as TreeReport;
    const { reason } = (await ready.json()) as { reason?: string };
    return { what: "seen", tree, readiness: { ready: ready.ok, reason } };
  } catch {
    return { what: "lost" };
  }
}
