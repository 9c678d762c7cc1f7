// Looks again and again while somebody looks at the page: live for the eye, nothing for the server.

import type { Became } from "./caller.ts";

/** Between two tries while the server is away, in milliseconds. */
const AWAY_MS = 2000;

/** Something to look at. */
export interface Sight {
  look(): Promise<Became>;
  /** Read after every look; none looks once. */
  everyMs?: number | undefined;
}

export interface Watch {
  /** Looks at this from now on. */
  at(sight: Sight): void;
  /** Looks now. After `forbidden` it rests until then. */
  now(): void;
  /** Looks at nothing until it is told again. */
  rest(): void;
}

/** `heard` is told after every look what became of it. */
export function watch(heard: (became: Became) => void): Watch {
  let sight: Sight | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLooking = false;
  /** Counts the looks that were wanted; where one is wanted while another is under way, that one is old already. */
  let wanted = 0;

  async function look(): Promise<void> {
    clearTimeout(timer);
    if (sight === undefined || document.visibilityState !== "visible") return;
    wanted += 1;
    if (isLooking) return;
    const seen = sight;
    const mine = wanted;
    isLooking = true;
    const became = await seen.look();
    isLooking = false;
    // It stands for what is in the page; what went out of it meanwhile says nothing of that.
    if (sight === seen) heard(became);
    if (wanted !== mine) {
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
