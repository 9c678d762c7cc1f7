// Refreshes repeatedly while the page is visible.

import type { Became } from "./api-client.ts";

/** Delay between attempts while the server is unreachable, in milliseconds. */
const AWAY_MS = 2000;

/** A section to refresh. */
export interface RefreshTarget {
  look(): Promise<Became>;
  /** Read after every refresh; none refreshes once. */
  everyMs?: number | undefined;
}

export interface Refresher {
  /** Refreshes this section from now on. */
  at(sight: RefreshTarget): void;
  /** Refreshes now. After `forbidden` it pauses until this call. */
  now(): void;
  /** Pauses until the next call. */
  rest(): void;
}

/** `onChange` gets the result of every refresh. */
export function refresher(onChange: (became: Became) => void): Refresher {
  let sight: RefreshTarget | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLooking = false;
  /** Number of requested refreshes; a newer request makes a running one obsolete. */
  let requests = 0;

  async function look(): Promise<void> {
    clearTimeout(timer);
    if (sight === undefined || document.visibilityState !== "visible") return;
    requests += 1;
    if (isLooking) return;
    const seen = sight;
    const mine = requests;
    isLooking = true;
    const became = await seen.look();
    isLooking = false;
    // The result of a section that was left meanwhile is ignored.
    if (sight === seen) onChange(became);
    if (requests !== mine) {
      void look();
      return;
    }
    if (sight !== seen || became === "forbidden") return;
    const wait = became === "lost" ? Math.min(AWAY_MS, seen.everyMs ?? AWAY_MS) : seen.everyMs;
    if (wait !== undefined) timer = setTimeout(() => void look(), wait);
  }

  document.addEventListener("visibilitychange", () => void look());
  window.addEventListener("online", () => void look());
  return {
    at: (given) => {
      sight = given;
      void look();
    },
    now: () => void look(),
    rest: () => {
      clearTimeout(timer);
      sight = undefined;
    },
  };
}
