// Selects the period: today, a week, a month, or two dates.

import { button, el, set } from "../../element.ts";
import type { Filters } from "../place.ts";
import type { Desk } from "../section.ts";
import { type Choice, dayOf, SPANS, written } from "./period.ts";

/** Default: a week. */
const USUAL = 7;

/** The selection in an address. */
export function choiceOf(filters: Filters): Choice {
  const { days, from, to } = filters;
  if (from !== undefined || to !== undefined) return { from: from ?? "", to: to ?? "" };
  const span = SPANS.find((one) => String(one) === days);
  return { days: span ?? USUAL };
}

export interface SpanForm {
  element: HTMLElement;
  draw(): void;
}

/** The fields, which read and write the address. */
export function spanForm(desk: Desk): SpanForm {
  const { i18n } = desk;
  const go = (more: Filters): void => {
    const { product = "" } = desk.place().filters;
    desk.narrow({ product, ...more });
    draw();
    desk.look();
  };
  const spans = SPANS.map((days) => ({
    days,
    press: button({ class: "span" }, () => {
      go({ days: String(days) });
    }, days === 1 ? i18n.t("admin_today") : i18n.count("admin_days", days)),
  }));
  const own = button({ class: "span" }, () => {
    const now = new Date();
    go({ from: written(new Date(now.getFullYear(), now.getMonth(), now.getDate() - USUAL + 1)), to: written(now) });
    from.focus();
  }, i18n.t("admin_own_days"));
  const from = el("input", { id: "span-from", type: "date" });
  const to = el("input", { id: "span-to", type: "date" });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const days = el(
    "div",
    { class: "own-days" },
    el("label", { for: "span-from" }, i18n.t("admin_from_day")),
    from,
    el("label", { for: "span-to" }, i18n.t("admin_to_day")),
    to,
    wrong,
  );
  for (const field of [from, to]) {
    field.addEventListener("change", () => {
      const [first, last] = [dayOf(from.value), dayOf(to.value)];
      const fits = first !== undefined && last !== undefined && first <= last;
      wrong.textContent = fits ? "" : i18n.t("admin_days_wrong");
      if (fits) go({ from: from.value, to: to.value });
    });
  }
  const element = el(
    "div",
    { class: "spans" },
    el("div", { class: "span-row", role: "group", "aria-label": i18n.t("admin_period") }, ...spans.map(({ press }) => press), own),
    days,
  );

  function draw(): void {
    const choice = choiceOf(desk.place().filters);
    for (const { days: span, press } of spans) set(press, { "aria-pressed": String("days" in choice && choice.days === span) });
    const isOwn = !("days" in choice);
    set(own, { "aria-pressed": String(isOwn) });
    days.hidden = !isOwn;
    if (!isOwn) return;
    wrong.textContent = "";
    for (const [field, value] of [[from, choice.from], [to, choice.to]] as const) if (field !== document.activeElement) field.value = value;
  }
  draw();
  return { element, draw };
}
