// Overview of the pod: readiness, its last ten minutes, the other pods; announcements, and draining.

import { button, el } from "../../element.ts";
import type { Pods, TreeReport } from "../../wire/types.ts";
import { chart, type ChartOf } from "../chart.ts";
import { outcome, perform } from "../action.ts";
import { plainNumber, quantity } from "../figures.ts";
import { pods as podsTable } from "../pods.ts";
import { totalsOf } from "../rows.ts";
import { type Desk, type Section, why } from "../section.ts";
import type { Charts } from "../series.ts";
import { summary } from "../summary.ts";
import { CACHE_WORDS, OTHER_PODS, type OtherPods } from "./caches.ts";

/** Refresh interval, in milliseconds: the pod samples its metrics every five seconds. */
const EVERY_MS = 2000;
/** Longest announcement that the server accepts, in characters. */
const MOST_CHARACTERS = 1000;

const CHARTS: readonly ChartOf[] = [
  { title: "admin_chart_sessions", lines: [{ name: "sessions", word: "admin_sessions" }, { name: "agents", word: "admin_agents" }] },
  { title: "admin_chart_keystrokes", lines: [{ name: "keystrokes_per_second" }] },
  {
    title: "admin_chart_keystroke_time",
    lines: [{ name: "keystroke_p50_ms", word: "admin_p50" }, { name: "keystroke_p95_ms", word: "admin_p95" }],
  },
  { title: "admin_chart_answers", lines: [{ name: "answers_per_second" }] },
  {
    title: "admin_chart_answer_time",
    lines: [{ name: "answer_first_words_p50_ms", word: "admin_p50" }, { name: "answer_first_words_p95_ms", word: "admin_p95" }],
  },
  { title: "admin_chart_hits", lines: Object.entries(CACHE_WORDS).map(([name, word]) => ({ name: `cache_hit_rate.${name}`, word })) },
  { title: "admin_chart_errors", lines: [{ name: "errors_per_second" }] },
  { title: "admin_chart_memory", lines: [{ name: "memory_bytes" }] },
];

export const overview: Section = {
  open: (desk) => {
    const { i18n, call } = desk;
    const status = outcome();
    const pod = summary(i18n);
    const others = podsTable(i18n);
    const charts = CHARTS.map((what) => chart(i18n, what));
    const drawn = el("section", { class: "charts", "aria-label": i18n.t("admin_charts") }, ...charts.map(({ element }) => element));
    return {
      element: el("div", { class: "pod" }, status.element, pod.element, drawn, others.element, el("div", { class: "pair" }, broadcast(desk), drain(desk))),
      everyMs: EVERY_MS,
      close: () => {
        for (const { close } of charts) close();
      },
      look: async () => {
        const [tree, pods, series, ready] = await Promise.all([
          call.get<TreeReport>("/admin/actors"),
          call.get<Pods>("/admin/pods"),
          call.get<Charts>("/admin/series"),
          call.ready(),
        ]);
        if (tree.what === "seen") status.clear();
        else if (tree.what !== "lost") status.bad(why(i18n, tree));
        if (tree.what === "seen" && ready !== undefined) pod.draw(totalsOf(tree.body), ready);
        if (pods.what === "seen") others.draw(pods.body);
        drawn.hidden = series.what === "unavailable";
        if (series.what === "seen") for (const { draw } of charts) draw(series.body);
        return ready === undefined ? "lost" : tree.what;
      },
    };
  },
};

/** The form of an announcement to every client on every pod. */
function broadcast(desk: Desk): HTMLElement {
  const { i18n, call } = desk;
  const result = outcome();
  const words = el("textarea", { id: "broadcast", rows: 3, maxlength: MOST_CHARACTERS, required: true, dir: "auto" });
  const pressed = el("button", { type: "submit", class: "action" }, i18n.t("admin_broadcast_say"));
  const form = el(
    "form",
    {},
    el("div", { class: "entry" }, el("label", { for: "broadcast" }, i18n.t("admin_broadcast_words")), words),
    el("div", { class: "actions" }, pressed),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const message = words.value.trim();
    if (message === "") return;
    void perform(desk, {
      pressed,
      result,
      question: { title: i18n.t("admin_broadcast_title"), why: message, yes: i18n.t("admin_broadcast_say") },
      does: () => call.post<{ heard: number; other_pods: OtherPods }>("/admin/broadcast", { message }),
      success: ({ heard, other_pods }) => `${i18n.count("admin_broadcast_heard", heard)} ${i18n.t(OTHER_PODS[other_pods])}`,
    }).then((answer) => {
      if (answer?.what === "seen") words.value = "";
    });
  });
  return el("section", { class: "panel", "aria-labelledby": "broadcast-title" }, el("h2", { id: "broadcast-title" }, i18n.t("admin_broadcast")), form, result.element);
}

/** The button that drains this pod. */
function drain(desk: Desk): HTMLElement {
  const { i18n, call } = desk;
  const result = outcome();
  const pressed = button({ class: "action danger" }, () => {
    void perform(desk, {
      pressed,
      result,
      question: { title: i18n.t("admin_drain_title"), why: i18n.t("admin_drain_why"), yes: i18n.t("admin_drain") },
      does: () => call.post<{ sessions: number; ends_within_ms: number }>("/admin/drain"),
      success: ({ sessions, ends_within_ms }) =>
        i18n.t("admin_drain_begun", {
          sessions: plainNumber(sessions, i18n.language),
          time: quantity(ends_within_ms, "ms", i18n.language),
        }),
    });
  }, i18n.t("admin_drain"));
  return el(
    "section",
    { class: "panel", "aria-labelledby": "drain-title" },
    el("h2", { id: "drain-title" }, i18n.t("admin_drain_of")),
    el("p", { class: "lead" }, i18n.t("admin_drain_lead")),
    el("div", { class: "actions" }, pressed),
    result.element,
  );
}
