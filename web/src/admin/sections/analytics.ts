// The analytics of a period: sums, questions over time, ratings, products, and unanswered questions. Each list
// can be downloaded.

import { productField as pickProduct } from "../../agent/product-field.ts";
import { button, el, icon } from "../../element.ts";
import type { Asked, RatingsOfADay, Snapshot, Unanswered } from "../../wire/past.ts";
import type { TeamWord } from "../../words/team.ts";
import type { Answer, Became, Page, Query } from "../api-client.ts";
import { outcome, perform } from "../action.ts";
import { list } from "../list.ts";
import { bars, type Column as Bar, scaleOf } from "../past/bars.ts";
import { about, isByHour, ratingDaysOf, stepsOf, totalsOf } from "../past/figures.ts";
import { momentOf } from "../past/moment.ts";
import { type Period, periodOf } from "../past/period.ts";
import { choiceOf, spanForm } from "../past/span.ts";
import { tiles } from "../past/tiles.ts";
import { hashOf } from "../place.ts";
import { productsOf } from "../products.ts";
import { type Desk, type Opened, type Section, why } from "../section.ts";
import { table } from "../table.ts";

/** Most products in the list on the page; the file has all of them. */
const PRODUCTS = 20;
/** Refresh interval, in milliseconds: today's figures change, but not by the second. */
const EVERY_MS = 60_000;

type Figures = "snapshots" | "most-asked" | "unanswered" | "ratings";

export const analytics: Section = { open };

function open(desk: Desk): Opened {
  const { i18n, call } = desk;
  const number = new Intl.NumberFormat(i18n.language);
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent", maximumFractionDigits: 0 });
  const result = outcome();
  const span = spanForm(desk);
  const ofProduct = productField(desk);
  const sums = tiles(i18n);
  const sumsFailed = el("p", { class: "says", role: "status" });
  const over = bars(
    i18n,
    {
      title: i18n.t("admin_questions_over_time"),
      series: [
        { name: "good", title: i18n.t("admin_answered") },
        { name: "bad", title: i18n.t("admin_unknown") },
        { name: "rest", title: i18n.t("admin_other") },
      ],
      heads: (["admin_when", "admin_answered", "admin_unknown", "admin_other", "admin_questions"] as const).map((word) => i18n.t(word)),
      empty: i18n.t("admin_none_asked"),
    },
    saver("snapshots"),
  );
  const marks = bars(
    i18n,
    {
      title: i18n.t("admin_ratings_over_time"),
      series: [{ name: "mark", title: i18n.t("admin_ratings") }],
      heads: (["admin_day_utc", "admin_mean", "admin_marks_n"] as const).map((word) => i18n.t(word)),
      empty: i18n.t("admin_none_rated"),
    },
    saver("ratings"),
  );
  const marksFailed = el("p", { class: "says", role: "status" });
  const productTable = table<Asked>(i18n, {
    caption: i18n.t("admin_most_asked"),
    columns: [
      { name: "product", word: "admin_product", make: () => productCell() },
      { name: "questions", word: "admin_questions", as: "number", text: (it) => number.format(it.questions) },
      { name: "answered", word: "admin_answered", as: "number", text: (it) => partOf(it.answered, it.questions) },
      { name: "unknown", word: "admin_unknown", as: "number", text: (it) => partOf(it.unknown, it.questions) },
    ],
    key: (it) => it.product,
    empty: "admin_none_asked",
  });
  const askedFailed = el("p", { class: "says", role: "status" });
  const open = list<Unanswered>(
    desk,
    {
      caption: i18n.t("admin_unanswered"),
      columns: [
        { name: "question", word: "admin_question", make: () => questionCell() },
        { name: "product", word: "admin_product", make: () => productCell() },
        { name: "outcome", word: "admin_why", text: (it) => i18n.t(it.outcome === "no_manual" ? "admin_no_manual" : "admin_not_in_manual") },
        { name: "at", word: "admin_when", text: (it) => momentOf(i18n, it.at_ms) },
        { name: "open", word: "admin_conversation", make: () => conversationCell() },
      ],
      key: (it) => `${it.conversation} ${it.at_ms} ${it.question}`,
      empty: "admin_none_unanswered",
    },
    (after) => ask<Page<Unanswered>>("unanswered", { after }),
  );
  const element = el(
    "div",
    { class: "past" },
    el("div", { class: "past-tools" }, span.element, ofProduct.element),
    result.element,
    sumsFailed,
    sums.element,
    el("div", { class: "bars-pair" }, over.element, el("div", {}, marks.element, marksFailed)),
    part("admin_unanswered", saver("unanswered"), el("p", { class: "hint" }, i18n.t("admin_unanswered_why")), open.element),
    part("admin_most_asked", saver("most-asked"), askedFailed, productTable.element),
  );

  function period(): Period {
    const now = new Date();
    return periodOf(choiceOf(desk.place().filters), now) ?? periodOf({ days: 7 }, now) ?? { from_ms: 0, to_ms: now.getTime() };
  }

  function query(): Query {
    const { product } = desk.place().filters;
    return { ...period(), product };
  }

  function ask<Body>(what: Figures, more: Query = {}): Promise<Answer<Body>> {
    // Without a product only the rows of the totals are requested: the parameter is present and empty.
    return call.get(what === "snapshots" ? "/admin/analytics/snapshots?product=" : `/admin/analytics/${what}`, { ...query(), ...more });
  }

  function saver(what: Figures): HTMLElement {
    const words = i18n.t("admin_csv");
    const pressed = button({ class: "quiet save", "aria-label": i18n.t("admin_csv_of", { what: i18n.t(TITLES[what]) }) }, () => {
      const { from_ms, to_ms } = period();
      const name = `${what}_${isoDay(from_ms)}_${isoDay(to_ms - 1)}.csv`;
      const does = (): Promise<Answer<undefined>> => call.save(`/admin/analytics/${what}.csv`, query(), name);
      void perform(desk, { pressed, result, does, success: () => i18n.t("admin_saved", { name }) });
    }, icon("save"), words);
    return pressed;
  }

  async function look(): Promise<Became> {
    span.draw();
    const over = period();
    const [lines, products, days, became] = await Promise.all([
      ask<{ items: Snapshot[] }>("snapshots"),
      ask<{ items: Asked[] }>("most-asked", { limit: PRODUCTS }),
      ask<{ items: RatingsOfADay[] }>("ratings"),
      open.look(),
    ]);
    showError(sumsFailed, lines);
    showError(askedFailed, products);
    showError(marksFailed, days);
    for (const part of [sums.element, element.querySelector<HTMLElement>(".bars-pair")]) if (part !== null) part.hidden = lines.what !== "seen";
    if (lines.what === "seen") drawLines(lines.body.items, over);
    if (products.what === "seen") {
      productTable.draw(products.body.items);
      ofProduct.offer(products.body.items);
    }
    if (days.what === "seen") drawMarks(days.body.items, over);
    return worst([lines.what, products.what, days.what, became]);
  }

  function drawLines(all: readonly Snapshot[], over: Period): void {
    const lines = about(all, desk.place().filters.product ?? "");
    sums.draw(totalsOf(lines));
    const steps = stepsOf(lines, over);
    const byHour = isByHour(over);
    const full = new Intl.DateTimeFormat(i18n.language, byHour ? { weekday: "short", hour: "numeric", minute: "2-digit" } : { weekday: "short", day: "numeric", month: "short" });
    const short = new Intl.DateTimeFormat(i18n.language, byHour ? { hour: "numeric", minute: "2-digit" } : { day: "numeric", month: "numeric" });
    const columns = steps.map(({ at_ms, questions, answered, unknown }): Bar => {
      const other = Math.max(0, questions - answered - unknown);
      const heights = [answered, unknown, other];
      return { when: full.format(at_ms), short: short.format(at_ms), heights, cells: [...heights, questions].map((n) => number.format(n)) };
    });
    bar(columns);
  }

  function bar(columns: readonly Bar[]): void {
    const highest = Math.max(0, ...columns.map(({ heights }) => heights.reduce((sum, height) => sum + height, 0)));
    over.draw({ columns, ticks: scaleOf(highest) });
  }

  function drawMarks(all: readonly RatingsOfADay[], over: Period): void {
    const full = new Intl.DateTimeFormat(i18n.language, { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });
    const short = new Intl.DateTimeFormat(i18n.language, { day: "numeric", month: "numeric", timeZone: "UTC" });
    const tenth = new Intl.NumberFormat(i18n.language, { maximumFractionDigits: 1 });
    const columns = ratingDaysOf(all, over).map(({ at_ms, ratings, mean }): Bar => ({
      when: full.format(at_ms),
      short: short.format(at_ms),
      heights: [mean ?? 0],
      cells: [mean === undefined ? "–" : tenth.format(mean), number.format(ratings)],
    }));
    marks.draw({ columns, ticks: [5, 4, 3, 2, 1, 0] });
  }

  function partOf(n: number, whole: number): string {
    return whole === 0 ? number.format(n) : `${number.format(n)} · ${percent.format(n / whole)}`;
  }

  function showError(place: HTMLElement, answer: Answer<unknown>): void {
    // The page reports its own states; they are not repeated here.
    place.textContent = answer.what === "refused" || answer.what === "unavailable" ? why(i18n, answer) : "";
  }

  function part(word: TeamWord, beside: HTMLElement, ...inside: HTMLElement[]): HTMLElement {
    return el("section", { class: "part" }, el("div", { class: "part-head" }, el("h2", {}, i18n.t(word)), beside), ...inside);
  }

  function conversationCell() {
    const link = el("a", {}, i18n.t("admin_read"));
    return {
      element: link,
      draw: (it: Unanswered) => {
        link.href = hashOf({ section: "conversations", id: it.conversation });
      },
    };
  }

  return {
    element,
    look,
    everyMs: EVERY_MS,
    went: () => {
      span.draw();
      ofProduct.draw();
      open.begin();
    },
  };
}

const TITLES: Readonly<Record<Figures, TeamWord>> = {
  snapshots: "admin_questions_over_time",
  "most-asked": "admin_most_asked",
  unanswered: "admin_unanswered",
  ratings: "admin_ratings_over_time",
};

/** The result of several requests for the page: a required sign-in is more important than a lost request. */
function worst(all: readonly Became[]): Became {
  return (["forbidden", "lost"] as const).find((became) => all.includes(became)) ?? "seen";
}

function isoDay(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(0, 10);
}

/** The name of a product, and below it its id if that differs. */
function productCell() {
  const name = el("bdi");
  const id = el("bdi", { class: "id", dir: "ltr" });
  return {
    element: el("div", { class: "product-of" }, el("span", {}, name), " ", el("span", {}, id)),
    draw: (it: { product: string; product_name?: string | null }) => {
      name.textContent = it.product_name ?? it.product;
      id.textContent = it.product_name == null ? "" : it.product;
    },
  };
}

function questionCell() {
  const words = el("span", { class: "asked-words", dir: "auto" });
  return {
    element: words,
    draw: (it: Unanswered) => {
      words.textContent = it.question;
    },
  };
}

/** Filters by one product; the products with most questions are offered first. */
function productField(desk: Desk) {
  const { i18n } = desk;
  const field = pickProduct("figures-product", i18n.t("admin_product_id"), productsOf(desk.call));
  const draw = (): void => {
    if (field.input !== document.activeElement) field.show(desk.place().filters.product ?? "");
  };
  field.input.addEventListener("change", () => {
    void field.chosen().then((product) => {
      desk.narrow({ ...desk.place().filters, product });
      desk.look();
    });
  });
  draw();
  return {
    element: el("div", { class: "filter" }, el("label", { for: "figures-product" }, i18n.t("admin_product_id")), field.element),
    draw,
    offer: (products: readonly Asked[]) => {
      // With one product there is nothing to select.
      if (products.length < 2) return;
      field.suggest(products.map((it) => ({ id: it.product, name: it.product_name ?? it.product })));
    },
  };
}
