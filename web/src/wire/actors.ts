// The actors of a pod and the pods beside it, over HTTP, as an operator may see them.

import type { Pods, TreeReport } from "./types.ts";

/** Whether the pod takes new work, and why not. */
export interface Readiness {
  ready: boolean;
  reason: string | undefined;
}

/** What became of one look at the pod. */
export type Look =
  | { what: "seen"; tree: TreeReport; pods: Pods; readiness: Readiness }
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
    const [actors, others, ready] = await Promise.all([ask("/admin/actors"), ask("/admin/pods"), ask("/ready")]);
    if (actors.status === 401 || actors.status === 403) return { what: "forbidden" };
    if (!actors.ok || !others.ok) return { what: "lost" };
    const tree = (await actors.json()) as TreeReport;
    const pods = (await others.json()) as Pods;
    const { reason } = (await ready.json()) as { reason?: string };
    return { what: "seen", tree, pods, readiness: { ready: ready.ok, reason } };
  } catch {
    return { what: "lost" };
  }
}
