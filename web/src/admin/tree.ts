// The tree as a table: one row per actor. Rows are kept between refreshes, so that focus and expanded parts stay.

import { button, el, fill, set } from "../element.ts";
import type { ActorState, TreeReport } from "../wire/types.ts";
import type { TeamI18n, TeamWord } from "../words/team.ts";
import { duration, observationsOf, type Row } from "./rows.ts";
import { write } from "./table.ts";

/** How long a change stays marked, in milliseconds: long enough to be noticed later. */
const FRESH_MS = 4000;

const STATES: Record<ActorState, TeamWord> = {
  down: "admin_down",
  starting: "admin_starting",
  up: "admin_up",
  restarting: "admin_restarting",
  gave_up: "admin_gave_up",
  stopped: "admin_stopped",
};

const COLUMNS = [
  ["name", "admin_name"],
  ["state", "admin_state"],
  ["restarts", "admin_restarts"],
  ["reason", "admin_reason"],
  ["waiting", "admin_mailbox"],
  ["uptime", "admin_uptime"],
  ["observed", "admin_observed"],
] as const satisfies readonly (readonly [string, TeamWord])[];

export interface Tree {
  element: HTMLElement;
  draw(rows: readonly Row[]): void;
  /** Marks an actor as just changed. */
  mark(name: string): void;
}

export function tree(i18n: TeamI18n, fold: (name: string) => void): Tree {
  // A narrow window shows the rows as cards; the roles keep them a table for screen readers.
  const heads = COLUMNS.map(([name, word]) =>
    el("th", { role: "columnheader", scope: "col", class: `actor-${name}` }, i18n.t(word)),
  );
  const body = el("tbody", { role: "rowgroup" });
  const element = el(
    "table",
    { class: "actors", role: "table" },
    el("caption", { class: "unseen" }, i18n.t("admin_title")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
    body,
  );
  const lines = new Map<string, Line>();

  return {
    element,
    draw: (rows) => {
      const names = new Set(rows.map((row) => row.actor.name));
      for (const [name, line] of lines) {
        if (names.has(name)) continue;
        line.element.remove();
        lines.delete(name);
      }
      rows.forEach((row, at) => {
        const { name } = row.actor;
        const known = lines.get(name) ?? lineOf(i18n, name, fold);
        lines.set(name, known);
        known.draw(row);
        if (body.children[at] !== known.element) body.insertBefore(known.element, body.children[at] ?? null);
      });
    },
    mark: (name) => lines.get(name)?.mark(),
  };
}

interface Line {
  element: HTMLElement;
  draw(row: Row): void;
  mark(): void;
}

function lineOf(i18n: TeamI18n, name: string, fold: (name: string) => void): Line {
  const number = new Intl.NumberFormat(i18n.language);
  const label = el("bdi", {}, name);
  const folder = button({ class: "fold", "aria-label": i18n.t("admin_below", { name }) }, () => {
    fold(name);
  });
  const cell = (column: string, word: TeamWord, ...children: (Node | string)[]): HTMLTableCellElement =>
    el("td", { role: "cell", class: `actor-${column}`, "data-label": i18n.t(word) }, ...children);
  const rest = el("span", { class: "actor-more" });
  const head = el("th", { role: "rowheader", scope: "row", class: "actor-name", "aria-label": name }, folder, label, rest);
  const state = el("span", { class: "standing" });
  const restarts = cell("restarts", "admin_restarts");
  const words = el("bdi", { lang: "en" });
  const reason = cell("reason", "admin_reason", words);
  const waiting = cell("waiting", "admin_mailbox");
  const uptime = cell("uptime", "admin_uptime");
  const gist = el("bdi", { lang: "en" });
  const list = el("dl", { lang: "en", dir: "ltr" });
  const details = el("details", {}, el("summary", {}, gist), list);
  const element = el(
    "tr",
    { role: "row" },
    head,
    cell("state", "admin_state", state),
    restarts,
    reason,
    waiting,
    uptime,
    cell("observed", "admin_observed", details),
  );
  let until: ReturnType<typeof setTimeout> | undefined;

  return {
    element,
    draw: ({ actor, depth, foldable, folded, more }) => {
      element.dataset.depth = String(depth);
      element.dataset.state = actor.state;
      set(folder, { hidden: !foldable, "aria-expanded": String(!folded) });
      write(rest, more > 0 ? i18n.t("admin_more", { n: number.format(more) }) : "");
      write(state, i18n.t(STATES[actor.state]));
      write(restarts, number.format(actor.restarts));
      restarts.dataset.some = String(actor.restarts > 0);
      write(words, actor.last_reason ?? "–");
      reason.dataset.some = String(actor.last_reason !== null);
      write(waiting, number.format(actor.mailbox_depth));
      waiting.dataset.some = String(actor.mailbox_depth > 0);
      write(uptime, actor.uptime_ms === null ? "–" : duration(actor.uptime_ms, i18n.language));
      observe(actor);
    },
    mark: () => {
      clearTimeout(until);
      element.dataset.fresh = "true";
      until = setTimeout(() => {
        delete element.dataset.fresh;
      }, FRESH_MS);
    },
  };

  function observe({ observed }: TreeReport): void {
    const observations = observationsOf(observed);
    set(details, { hidden: observations.length === 0 });
    const short = observations.map((pair) => pair.filter(Boolean).join(" ")).join(" · ");
    if (gist.textContent === short) return;
    gist.textContent = short;
    fill(list, ...observations.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }
}
