// Looks at the pod again and again, while somebody looks at the page.

import { type Look, lookAt } from "../wire/actors.ts";

/** Between an answer and the next look, in milliseconds: live for the eye, nothing for the server. */
const EVERY_MS = 1000;
/** Where the token is kept: for this tab, until it is closed. */
const KEPT = "hsc-admin-token";

export interface Watch {
  /** Goes on with this token. */
  unlock(token: string): void;
  /** Looks now. */
  now(): void;
}

/** Begins to watch. After `forbidden` it rests until it is given a token. */
export function watch(server: URL, heard: (look: Look, triedToken: boolean) => void): Watch {
  let token = kept();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLooking = false;
  let isLocked = false;

  async function look(): Promise<void> {
    clearTimeout(timer);
    if (isLooking || isLocked || document.visibilityState !== "visible") return;
    isLooking = true;
    const seen = await lookAt(server, token);
    isLooking = false;
    isLocked = seen.what === "forbidden";
    if (seen.what === "seen") keep(token);
    heard(seen, token !== "");
    timer = setTimeout(() => void look(), EVERY_MS);
  }

  document.addEventListener("visibilitychange", () => void look());
  window.addEventListener("online", () => void look());
  void look();
  return {
    unlock: (given) => {
      token = given;
      isLocked = false;
      void look();
    },
    now: () => void look(),
  };
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
    if (token !== "") sessionStorage.setItem(KEPT, token);
  } catch {
    // Then it lives as long as the page.
  }
}
