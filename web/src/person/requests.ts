// What the visitor's page asks beside the socket: a message left for later, a picture kept.

/** Longest that a picture may be on its way, in milliseconds: 4 MiB over a slow phone. Messages that are written
 * after it wait for it. */
const UPLOAD_WITHIN_MS = 60_000;

/** The answer, or why there is none; in the server's words where it said any. */
export type Answer<Good> = { good: Good } | { trouble: string | undefined };

/** Leaves a message for when somebody is there. */
export function leaveMessage(server: URL, token: string | undefined, address: string, text: string): Promise<Answer<unknown>> {
  return post(server, "/api/leave-message", token, JSON.stringify({ address, text }), "application/json");
}

/** Keeps a picture for the conversation; gives its id. */
export async function keepPicture(server: URL, token: string | undefined, picture: Blob): Promise<Answer<string>> {
  const kept = await post(server, "/api/uploads", token, picture, picture.type, AbortSignal.timeout(UPLOAD_WITHIN_MS));
  if (!("good" in kept)) return kept;
  const { id } = kept.good as { id?: unknown };
  return typeof id === "string" ? { good: id } : { trouble: undefined };
}

async function post(
  server: URL,
  path: string,
  token: string | undefined,
  body: BodyInit,
  type: string,
  signal: AbortSignal | null = null,
): Promise<Answer<unknown>> {
  const headers = { "content-type": type, ...(token === undefined ? {} : { "x-conversation-token": token }) };
  try {
    const response = await fetch(new URL(path, server), { method: "POST", headers, body, signal });
    const said: unknown = await response.json().catch(() => undefined);
    if (response.ok) return { good: said };
    const words = (said as { message?: unknown } | undefined)?.message;
    return { trouble: typeof words === "string" ? words : undefined };
  } catch {
    return { trouble: undefined }; // No way to the server; the caller has words for that.
  }
}
