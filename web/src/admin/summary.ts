// Summary of the pod: readiness, and the sums over its actors.

import { el, fill } from "../element.ts";
import type { Readiness } from "../wire/actors.ts";
import type { TeamI18n, TeamWord } from "../words/team.ts";
import type { Totals } from "./rows.ts";

export interface Summary {
  element: HTMLElement;
  draw(totals: Totals, readiness: Readiness): void;
}

export function summary(i18n: TeamI18n): Summary {
  const number = new Intl.NumberFormat(i18n.language);
  const count = (n: number | undefined): string => (n === undefined ? "–" : number.format(n));
  const pod = el("div", { class: "readiness" });
  const sums = el("dl", { class: "sums" });
  const sum = (word: TeamWord, value: string): HTMLElement =>
    el("div", {}, el("dt", {}, i18n.t(word)), el("dd", {}, value));
  return {
    element: el("section", { class: "summary", "aria-label": i18n.t("admin_pod") }, pod, sums),
    draw: ({ actors, up, restarts, waiting, sessions }, { ready, reason }) => {
      pod.dataset.ready = String(ready);
      const why = ready || reason === undefined ? undefined : el("p", { lang: "en", dir: "auto" }, reason);
      fill(pod, el("strong", { class: "standing" }, i18n.t(ready ? "admin_ready" : "admin_not_ready")), why);
      fill(
        sums,
        sum("admin_sessions", count(sessions)),
        sum("admin_actors_up", i18n.t("admin_of", { n: count(up), all: count(actors) })),
        sum("admin_restarts", count(restarts)),
        sum("admin_mailbox", count(waiting)),
      );
    },
  };
}
