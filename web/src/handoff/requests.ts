// The HTTP requests of the visitor's page: offline messages, uploads.

/** Longest time for an upload, in milliseconds: 4 MiB over a slow phone. Later messages wait for it. */
const UPLOAD_WITHIN_MS = 60_000;

/** The response, or why there is none; with the server's message if it sent one. */
export type Answer<Good> = { good: Good } | { trouble: string | undefined };

/** Sends an offline message. */
export function leaveMessage(server: URL, token: string | undefined, address: string, text: string): Promise<Answer<unknown>> {
  return post(server, "/api/leave-message", token, JSON.stringify({ address, text }), "application/json");
}

/** Uploads a picture to the conversation; returns its id. */
export async function uploadPicture(server: URL, token: string | undefined, picture: Blob): Promise<Answer<string>> {
  const uploaded = await post(server, "/api/uploads", token, picture, picture.type, AbortSignal.timeout(UPLOAD_WITHIN_MS));
  if (!("good" in uploaded)) return uploaded;
  const { id } = uploaded.good as { id?: unknown };
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
    const reply: unknown = await response.json().catch(() => undefined);
    if (response.ok) return { good: reply };
    const words = (reply as { message?: unknown } | undefined)?.message;
    return { trouble: typeof words === "string" ? words : undefined };
  } catch {
    return { trouble: undefined }; // The server is unreachable; the caller has a phrase for that.
  }
}
