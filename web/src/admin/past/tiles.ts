// The sums of a period.

import { el, fill } from "../../element.ts";
import type { TeamI18n, TeamWord } from "../../words/team.ts";
import type { Totals } from "./figures.ts";
import { shortly } from "./moment.ts";

export interface Tiles {
  element: HTMLElement;
  draw(totals: Totals): void;
}

export function tiles(i18n: TeamI18n): Tiles {
  const number = new Intl.NumberFormat(i18n.language);
  const tenth = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 1 });
  const element = el("dl", { class: "sums figures" });
  const tile = (word: TeamWord, value: string, more?: string): HTMLElement =>
    el("div", {}, el("dt", {}, i18n.t(word)), el("dd", {}, value, more === undefined ? undefined : el("span", { class: "part-of" }, more)));
  const share = (of: number | undefined): string | undefined => (of === undefined ? undefined : percent.format(of));
  const time = (ms: number | undefined): string => (ms === undefined ? "–" : shortly(i18n, ms));
  return {
    element,
    draw: (totals) => {
      const { firstMost, ratingMean, ratings } = totals;
      fill(
        element,
        tile("admin_conversations_n", number.format(totals.conversations)),
        tile("admin_questions", number.format(totals.questions)),
        tile("admin_answered", number.format(totals.answered), share(totals.answeredShare)),
        tile("admin_unknown", number.format(totals.unknown), share(totals.unknownShare)),
        tile("admin_handed_over", number.format(totals.handed_over), share(totals.handedShare)),
        tile("admin_cache_hits", number.format(totals.cache_hits), share(totals.cachedShare)),
        tile("admin_first_words", time(totals.firstMean), firstMost === undefined ? undefined : i18n.t("admin_longest", { time: time(firstMost) })),
        tile(
          "admin_ratings",
          ratingMean === undefined ? "–" : i18n.t("agent_rating", { n: tenth.format(ratingMean) }),
          ratings === 0 ? undefined : i18n.count("admin_marks", ratings),
        ),
      );
    },
  };
}
