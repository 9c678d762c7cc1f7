// The rows, sums and changes of a tree report. Plain data, no elements.

import type { TreeReport } from "../wire/types.ts";

/** A row of the table. */
export interface Row {
  actor: TreeReport;
  /** Depth in the tree; the root is at 0. */
  depth: number;
  /** True if its children can be collapsed: it has some, and is not the root. */
  foldable: boolean;
  /** True while they are collapsed. */
  folded: boolean;
  /** Number of children that the report leaves out: it has only the newest sessions. */
  more: number;
}

export interface Totals {
  actors: number;
  up: number;
  restarts: number;
  waiting: number;
  /** Undefined while it is not counted: the registry has just been started. */
  sessions: number | undefined;
}

/** A change of an actor. */
export interface Change {
  actor: TreeReport;
  /** True after a restart, false if only its state changed. */
  restarted: boolean;
}

/** The tree as rows, without the children of a collapsed actor. */
export function rowsOf(tree: TreeReport, folded: ReadonlySet<string>): Row[] {
  const below = (actor: TreeReport, depth: number): Row[] => {
    const foldable = depth > 0 && actor.children.length > 0;
    const row = { actor, depth, foldable, folded: foldable && folded.has(actor.name), more: unnamed(actor) };
    return [row, ...(row.folded ? [] : actor.children.flatMap((child) => below(child, depth + 1)))];
  };
  return below(tree, 0);
}

/**
 * The sums over the actors of the pod. Sessions come and go and only the newest are listed: they have a count of
 * their own.
 */
export function totalsOf(tree: TreeReport): Totals {
  const all = everyone(tree).filter((actor) => actor.kind !== "session");
  const sum = (of: (actor: TreeReport) => number): number => all.reduce((total, actor) => total + of(actor), 0);
  const registry = all.find((actor) => actor.kind === "session_registry");
  return {
    actors: all.length,
    up: sum((actor) => Number(actor.state === "up")),
    restarts: sum((actor) => actor.restarts),
    waiting: sum((actor) => actor.mailbox_depth),
    sessions: registry && sessionsOf(registry),
  };
}

/** Number of sessions, from their registry. */
function sessionsOf(registry: TreeReport): number | undefined {
  const counted = observationsOf(registry.observed).find(([name]) => name === "sessions")?.[1];
  return counted === undefined ? undefined : Number(counted);
}

function unnamed(actor: TreeReport): number {
  if (actor.kind !== "session_registry") return 0;
  return Math.max(0, (sessionsOf(actor) ?? 0) - actor.children.length);
}

/** Actors that were restarted or changed their state between two reports. None at the first report. */
export function changesOf(before: TreeReport | undefined, after: TreeReport): Change[] {
  if (before === undefined) return [];
  const earlier = new Map(everyone(before).map((actor) => [actor.name, actor]));
  return everyone(after).flatMap((actor) => {
    const was = earlier.get(actor.name);
    if (was === undefined) return [];
    // A restarted server counts from zero: fewer restarts are not a restart.
    const restarted = actor.restarts > was.restarts;
    return restarted || actor.state !== was.state ? [{ actor, restarted }] : [];
  });
}

/** The observed values of an actor by name; a value that is not an object has no name. */
export function observationsOf(observed: unknown): [name: string, value: string][] {
  if (observed === null || observed === undefined) return [];
  if (typeof observed !== "object" || Array.isArray(observed)) return [["", plain(observed)]];
  return Object.entries(observed).map(([name, value]) => [name, plain(value)]);
}

/** The units of a duration, largest first, and their milliseconds. */
const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** A duration in its two largest units, `2h 5m`. */
export function duration(ms: number, language: string): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const shown = first < 0 ? UNITS.slice(-1) : UNITS.slice(first, first + 2);
  let remaining = ms;
  return shown
    .map(([unit, size]) => {
      const n = Math.floor(remaining / size);
      remaining -= n * size;
      return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "narrow" }).format(n);
    })
    .join(" ");
}

function everyone(tree: TreeReport): TreeReport[] {
  return [tree, ...tree.children.flatMap(everyone)];
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
