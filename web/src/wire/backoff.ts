// The delay before the next attempt to connect.

/** First delay, in milliseconds: a restarted server is back within a second. */
const FIRST_MS = 500;
/** Longest delay, in milliseconds: the page reconnects soon after the server is back. */
const LONGEST_MS = 15_000;

/**
 * Doubles with each failed attempt; half of it is random, so that the visitors of a failed pod do not reconnect all
 * at once. `random` is 0 to 1.
 */
export function backoff(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return Math.round(full / 2 + (full / 2) * random);
}
