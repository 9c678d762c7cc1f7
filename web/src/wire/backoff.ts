// How long to wait before the next try to connect.

/** First wait, in milliseconds: a server that restarts is back within a second. */
const FIRST_MS = 500;
/** Longest wait, in milliseconds: someone who looks at the page sees it come back soon after the server. */
const LONGEST_MS = 15_000;

/** Doubles with each failed try; half of it is by chance, so that the visitors of a pod that fell do not
 * come back all at once. `random` is 0 to 1. */
export function backoff(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return Math.round(full / 2 + (full / 2) * random);
}
