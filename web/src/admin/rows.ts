// What the page shows of a report: its rows, its sums, and what is new in it. Plain data, no element.

import type { TreeReport } from "../wire/types.ts";

/** One line of the table. */
export interface Row {
  actor: TreeReport;
  /** How deep in the tree; the root is at 0. */
  depth: number;
  /** True when those below it can be folded away: it has some, and is not the root. */
  foldable: boolean;
  /** True while they are. */
  folded: boolean;
  /** How many more there are below it than the report names: of the sessions it names the newest. */
  more: number;
}

export interface Totals {
  actors: number;
  up: number;
  restarts: number;
  waiting: number;
  /** Undefined while nobody counts them: the registry has just been started. */
  sessions: number | undefined;
}

/** An actor that is not as it was. */
export interface Change {
  actor: TreeReport;
  /** True when it was started again since, false when only its state is another. */
  restarted: boolean;
}

/** The tree as lines, those below a folded actor left out. */
export function rowsOf(tree: TreeReport, folded: ReadonlySet<string>): Row[] {
  const below = (actor: TreeReport, depth: number): Row[] => {
    const foldable = depth > 0 && actor.children.length > 0;
    const row = { actor, depth, foldable, folded: foldable && folded.has(actor.name), more: unnamed(actor) };
    return [row, ...(row.folded ? [] : actor.children.flatMap((child) => below(child, depth + 1)))];
  };
  return below(tree, 0);
}

/** The sums over the actors of the pod. Its sessions come and go and are only named in part: they have a
 * number of their own. */
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

/** How many sessions there are, as their registry says. */
function sessionsOf(registry: TreeReport): number | undefined {
  const said = observationsOf(registry.observed).find(([name]) => name === "sessions")?.[1];
  return said === undefined ? undefined : Number(said);
}

function unnamed(actor: TreeReport): number {
  if (actor.kind !== "session_registry") return 0;
  return Math.max(0, (sessionsOf(actor) ?? 0) - actor.children.length);
}

/** Who was restarted or came into another state between two looks. Nobody, at the first. */
export function changesOf(before: TreeReport | undefined, after: TreeReport): Change[] {
  if (before === undefined) return [];
  const earlier = new Map(everyone(before).map((actor) => [actor.name, actor]));
  return everyone(after).flatMap((actor) => {
    const was = earlier.get(actor.name);
    if (was === undefined) return [];
    // A server that was started again counts from nothing: fewer restarts are no restart.
    const restarted = actor.restarts > was.restarts;
    return restarted || actor.state !== was.state ? [{ actor, restarted }] : [];
  });
}

/** What an actor says about itself, name by name; whatever it says otherwise has no name. */
export function observationsOf(observed: unknown): [name: string, value: string][] {
  if (observed === null || observed === undefined) return [];
  if (typeof observed !== "object" || Array.isArray(observed)) return [["", plain(observed)]];
  return Object.entries(observed).map(([name, value]) => [name, plain(value)]);
}

/** The units of a time that is shown, largest first, and their milliseconds. */
const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** A time in its two largest units, `2h 5m`. */
export function duration(ms: number, language: string): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const shown = first < 0 ? UNITS.slice(-1) : UNITS.slice(first, first + 2);
  let left = ms;
  return shown
    .map(([unit, size]) => {
      const n = Math.floor(left / size);
      left -= n * size;
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
