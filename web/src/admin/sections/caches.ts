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
    const { voice, call } = desk;
    const number = (n: number): string => plainNumber(n, voice.language);
    const says = outcome();
    let rates: Partial<Record<CacheName, number | undefined>> = {};
    const whole = table<CacheContents>(voice, {
      caption: voice.say("admin_caches"),
      key: ({ name }) => name,
      empty: "admin_caches_none",
      columns: [
        { name: "name", word: "admin_cache", say: ({ name }) => voice.say(CACHE_WORDS[name]) },
        { name: "entries", word: "admin_entries", as: "number", say: ({ entries }) => number(entries) },
        { name: "bytes", word: "admin_size", as: "number", say: (it) => bytes(it.bytes, voice.language) },
        { name: "rate", word: "admin_hit_rate", as: "number", say: ({ name }) => share(rates[name]) },
      ],
    });
    const shards = table<Shard>(voice, {
      caption: voice.say("admin_shards"),
      key: ({ name }) => name,
      empty: "admin_caches_none",
      columns: [
        { name: "name", word: "admin_shard", as: "code", say: ({ name }) => name },
        { name: "entries", word: "admin_entries", as: "number", say: ({ entries }) => number(entries) },
        { name: "bytes", word: "admin_size", as: "number", say: (it) => bytes(it.bytes, voice.language) },
        { name: "loads", word: "admin_loads", as: "number", say: ({ loads }) => number(loads) },
      ],
    });
    const served = chart(voice, {
      title: "admin_chart_hits",
      lines: Object.entries(CACHE_WORDS).map(([name, word]) => ({ name: `cache_hit_rate.${name}`, word })),
    });
    const share = (rate: number | undefined): string => (rate === undefined ? "–" : quantity(rate, "share", voice.language));

    return {
      element: el(
        "div",
        {},
        says.element,
        el("section", { class: "part" }, whole.element, el("details", { class: "shards" }, el("summary", {}, voice.say("admin_shards")), shards.element)),
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
          const kept = contentsOf(tree.body);
          says.clear();
          whole.draw(kept);
          shards.draw(kept.flatMap((cache) => cache.shards));
        } else if (tree.what !== "lost") {
          says.bad(why(voice, tree));
        }
        return tree.what;
      },
    };
  },
};

/** The form of an invalidation. */
function forget(desk: Desk): HTMLElement {
  const { voice, call } = desk;
  const told = outcome();
  const what = el("select", { id: "forget-what" }, ...WHATS.map(([value, word]) => el("option", { value }, voice.say(word))));
  const product = productField("forget-product", voice.say("admin_product"), productsOf(call));
  const ofProduct = el("div", { class: "entry" }, el("label", { for: "forget-product" }, voice.say("admin_product")), product.element);
  const which = el("input", { id: "forget-which", type: "text", dir: "ltr", autocomplete: "off", spellcheck: "false", required: true });
  const whose = el("div", { class: "entry" }, el("label", { for: "forget-which" }, voice.say("admin_forget_which")), which);
  const pressed = el("button", { type: "submit", class: "action" }, voice.say("admin_forget"));
  const form = el(
    "form",
    { class: "forget" },
    el("div", { class: "entry" }, el("label", { for: "forget-what" }, voice.say("admin_forget_what")), what),
    ofProduct,
    whose,
    el("div", { class: "actions" }, pressed),
  );
  const drawFields = (): void => {
    const isProduct = what.value === "product";
    const isNamed = !isProduct && what.value !== "all";
    ofProduct.hidden = !isProduct;
    set(product.input, { required: isProduct });
    whose.hidden = !isNamed;
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
    const question = { title: voice.say("admin_forget_all_title"), why: voice.say("admin_forget_all_why"), yes: voice.say("admin_forget") };
    void perform(desk, {
      pressed,
      told,
      ...(isAll ? { question } : {}),
      does: (): Promise<Answer<Forgotten>> => body().then((asked) => call.post("/admin/caches/invalidate", asked)),
      said: ({ manuals, predictions, answers, other_pods }) =>
        `${voice.say("admin_forgotten", { manuals, predictions, answers })} ${voice.say(OTHER_PODS[other_pods])}`,
    }).then(desk.look);
  });
  const panel = el("section", { class: "panel", "aria-labelledby": "forget-title" });
  fill(panel, el("h2", { id: "forget-title" }, voice.say("admin_forget_title")), el("p", { class: "lead" }, voice.say("admin_forget_lead")), form, told.element);
  return panel;
}
