// The content and hit rate of this pod's caches, and invalidation on all pods.

import { productField } from "../../agent/product-field.ts";
import { el, fill, set } from "../../element.ts";
import type { TreeReport } from "../../wire/types.ts";
import type { TeamWord } from "../../words/team.ts";
import type { Answer } from "../api-client.ts";
import { chart } from "../chart.ts";
import { outcome, perform } from "../action.ts";
import { bytes, plainNumber, quantity } from "../figures.ts";
import { type CacheName, type CacheContents, contentsOf, type Shard } from "../cache-contents.ts";
import { productsOf } from "../products.ts";
import { type Desk, type Section, why } from "../section.ts";
import { type Charts, latestOf } from "../series.ts";
import { table } from "../table.ts";

/** Refresh interval, in milliseconds. */
const EVERY_MS = 2000;

export const CACHE_WORDS = {
  manuals: "admin_cache_manuals",
  predictions: "admin_cache_predictions",
  answers: "admin_cache_answers",
} as const satisfies Record<CacheName, TeamWord>;

/** The scopes of an invalidation, and their parameters. */
const WHATS = [
  ["product", "admin_forget_product"],
  ["manual", "admin_forget_manual"],
  ["catalog_version", "admin_forget_version"],
  ["all", "admin_forget_all"],
] as const satisfies readonly (readonly [string, TeamWord])[];

interface Forgotten {
  manuals: number;
  predictions: number;
  answers: number;
  other_pods: OtherPods;
}

/** Whether the other pods were notified. */
export type OtherPods = "none" | "told" | "unreached";

export const OTHER_PODS = {
  none: "admin_pods_none",
  told: "admin_pods_told",
  unreached: "admin_pods_unreached",
} as const satisfies Record<OtherPods, TeamWord>;

export const caches: Section = {
  open: (desk) => {
    const { i18n, call } = desk;
    const number = (n: number): string => plainNumber(n, i18n.language);
    const status = outcome();
    let rates: Partial<Record<CacheName, number | undefined>> = {};
    const whole = table<CacheContents>(i18n, {
      caption: i18n.t("admin_caches"),
      key: ({ name }) => name,
      empty: "admin_caches_none",
      columns: [
        { name: "name", word: "admin_cache", text: ({ name }) => i18n.t(CACHE_WORDS[name]) },
        { name: "entries", word: "admin_entries", as: "number", text: ({ entries }) => number(entries) },
        { name: "bytes", word: "admin_size", as: "number", text: (it) => bytes(it.bytes, i18n.language) },
        { name: "rate", word: "admin_hit_rate", as: "number", text: ({ name }) => share(rates[name]) },
      ],
    });
    const shards = table<Shard>(i18n, {
      caption: i18n.t("admin_shards"),
      key: ({ name }) => name,
      empty: "admin_caches_none",
      columns: [
        { name: "name", word: "admin_shard", as: "code", text: ({ name }) => name },
        { name: "entries", word: "admin_entries", as: "number", text: ({ entries }) => number(entries) },
        { name: "bytes", word: "admin_size", as: "number", text: (it) => bytes(it.bytes, i18n.language) },
        { name: "loads", word: "admin_loads", as: "number", text: ({ loads }) => number(loads) },
      ],
    });
    const served = chart(i18n, {
      title: "admin_chart_hits",
      lines: Object.entries(CACHE_WORDS).map(([name, word]) => ({ name: `cache_hit_rate.${name}`, word })),
    });
    const share = (rate: number | undefined): string => (rate === undefined ? "–" : quantity(rate, "share", i18n.language));

    return {
      element: el(
        "div",
        {},
        status.element,
        el("section", { class: "part" }, whole.element, el("details", { class: "shards" }, el("summary", {}, i18n.t("admin_shards")), shards.element)),
        el("section", { class: "part" }, served.element),
        forget(desk),
      ),
      everyMs: EVERY_MS,
      close: served.close,
      look: async () => {
        const [tree, charts] = await Promise.all([call.get<TreeReport>("/admin/actors"), call.get<Charts>("/admin/series")]);
        if (charts.what === "seen") {
          rates = Object.fromEntries(Object.keys(CACHE_WORDS).map((name) => [name, latestOf(charts.body, `cache_hit_rate.${name}`)]));
          served.draw(charts.body);
        }
        if (tree.what === "seen") {
          const contents = contentsOf(tree.body);
          status.clear();
          whole.draw(contents);
          shards.draw(contents.flatMap((cache) => cache.shards));
        } else if (tree.what !== "lost") {
          status.bad(why(i18n, tree));
        }
        return tree.what;
      },
    };
  },
};

/** The form of an invalidation. */
function forget(desk: Desk): HTMLElement {
  const { i18n, call } = desk;
  const result = outcome();
  const what = el("select", { id: "forget-what" }, ...WHATS.map(([value, word]) => el("option", { value }, i18n.t(word))));
  const product = productField("forget-product", i18n.t("admin_product"), productsOf(call));
  const ofProduct = el("div", { class: "entry" }, el("label", { for: "forget-product" }, i18n.t("admin_product")), product.element);
  const which = el("input", { id: "forget-which", type: "text", dir: "ltr", autocomplete: "off", spellcheck: "false", required: true });
  const scope = el("div", { class: "entry" }, el("label", { for: "forget-which" }, i18n.t("admin_forget_which")), which);
  const pressed = el("button", { type: "submit", class: "action" }, i18n.t("admin_forget"));
  const form = el(
    "form",
    { class: "forget" },
    el("div", { class: "entry" }, el("label", { for: "forget-what" }, i18n.t("admin_forget_what")), what),
    ofProduct,
    scope,
    el("div", { class: "actions" }, pressed),
  );
  const drawFields = (): void => {
    const isProduct = what.value === "product";
    const isNamed = !isProduct && what.value !== "all";
    ofProduct.hidden = !isProduct;
    set(product.input, { required: isProduct });
    scope.hidden = !isNamed;
    set(which, { required: isNamed });
  };
  what.addEventListener("change", drawFields);
  drawFields();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const isAll = what.value === "all";
    const named = what.value;
    const body = async (): Promise<unknown> =>
      isAll ? "all" : { [named]: named === "product" ? await product.chosen() : which.value.trim() };
    const question = { title: i18n.t("admin_forget_all_title"), why: i18n.t("admin_forget_all_why"), yes: i18n.t("admin_forget") };
    void perform(desk, {
      pressed,
      result,
      ...(isAll ? { question } : {}),
      does: (): Promise<Answer<Forgotten>> => body().then((asked) => call.post("/admin/caches/invalidate", asked)),
      success: ({ manuals, predictions, answers, other_pods }) =>
        `${i18n.t("admin_forgotten", { manuals, predictions, answers })} ${i18n.t(OTHER_PODS[other_pods])}`,
    }).then(desk.look);
  });
  const panel = el("section", { class: "panel", "aria-labelledby": "forget-title" });
  fill(panel, el("h2", { id: "forget-title" }, i18n.t("admin_forget_title")), el("p", { class: "lead" }, i18n.t("admin_forget_lead")), form, result.element);
  return panel;
}
