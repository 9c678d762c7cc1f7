// The actors of this pod: a live tree that marks and announces restarts since the last refresh.

import { el } from "../../element.ts";
import type { TreeReport } from "../../wire/types.ts";
import { changesOf, rowsOf } from "../rows.ts";
import type { Section } from "../section.ts";
import { outcome } from "../action.ts";
import { why } from "../section.ts";
import { tree } from "../tree.ts";

/** Refresh interval, in milliseconds: a restart takes a moment and should be visible. */
const EVERY_MS = 1000;

/** Collapsed actors stay collapsed while other sections are visited. */
const folded = new Set<string>();

export const actors: Section = {
  open: (desk) => {
    const { i18n, call } = desk;
    let seen: TreeReport | undefined;
    const status = outcome();
    const lines = tree(i18n, (name) => {
      if (!folded.delete(name)) folded.add(name);
      if (seen !== undefined) lines.draw(rowsOf(seen, folded));
    });

    function announce(before: TreeReport | undefined, after: TreeReport): void {
      const changes = changesOf(before, after);
      for (const { actor } of changes) lines.mark(actor.name);
      const restarts = changes.filter((change) => change.restarted);
      if (restarts.length === 0) return;
      const sentenceOf = ({ actor: { name, last_reason } }: (typeof restarts)[number]): string =>
        i18n.t("admin_restarted", { name, reason: last_reason ?? "–" });
      desk.announce(restarts.map(sentenceOf).join(" "));
    }

    return {
      element: el("div", {}, status.element, lines.element),
      everyMs: EVERY_MS,
      look: async () => {
        const answer = await call.get<TreeReport>("/admin/actors");
        if (answer.what === "seen") {
          const before = seen;
          seen = answer.body;
          status.clear();
          lines.draw(rowsOf(seen, folded));
          announce(before, seen);
        } else if (answer.what !== "lost") {
          status.bad(why(i18n, answer));
        }
        return answer.what;
      },
    };
  },
};
