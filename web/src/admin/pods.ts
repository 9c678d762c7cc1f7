// The pods as a table: address, load, draining.

import { el, fill, set } from "../element.ts";
import type { PodReport, Pods } from "../wire/types.ts";
import type { TeamI18n, TeamWord } from "../words/team.ts";

export interface PodsTable {
  element: HTMLElement;
  draw(pods: Pods): void;
}

const NUMBERS = [
  ["sessions", "admin_sessions"],
  ["answering", "admin_answering"],
  ["waiting", "admin_in_line"],
] as const satisfies readonly (readonly [keyof PodReport, TeamWord])[];

export function pods(i18n: TeamI18n): PodsTable {
  const number = new Intl.NumberFormat(i18n.language);
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: "medium", timeStyle: "short" });
  const head = (word: TeamWord): HTMLElement => el("th", { role: "columnheader", scope: "col" }, i18n.t(word));
  const body = el("tbody", { role: "rowgroup" });
  const partial = el("p", { class: "partial", role: "status" });
  const title = el("h2", { id: "pods-title" }, i18n.t("admin_pods"));
  const heads = [
    head("admin_name"),
    head("admin_state"),
    ...NUMBERS.map(([, word]) => head(word)),
    head("admin_since"),
    head("admin_version"),
  ];
  const table = el(
    "table",
    { class: "pods", role: "table", "aria-labelledby": "pods-title" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
    body,
  );
  const cell = (word: TeamWord, ...children: (Node | string)[]): HTMLElement =>
    el("td", { role: "cell", "data-label": i18n.t(word) }, ...children);

  function line(pod: PodReport, isThis: boolean): HTMLElement {
    const name = el("bdi", {}, pod.pod);
    const here = isThis ? el("span", { class: "here" }, i18n.t("admin_this_pod")) : undefined;
    const address = el("span", { class: "address" }, el("bdi", {}, pod.address));
    const started = new Date(pod.started_at);
    const row = el(
      "tr",
      { role: "row" },
      el("th", { role: "rowheader", scope: "row", "aria-label": pod.pod }, name, here, address),
      cell("admin_state", el("span", { class: "standing" }, i18n.t(pod.draining ? "admin_draining" : "admin_up"))),
      ...NUMBERS.map(([field, word]) => cell(word, number.format(pod[field]))),
      cell("admin_since", Number.isNaN(started.getTime()) ? "–" : time.format(started)),
      cell("admin_version", el("bdi", {}, pod.version)),
    );
    row.dataset.state = pod.draining ? "restarting" : "up";
    return row;
  }

  let drawn = "";
  return {
    element: el("section", { class: "others" }, title, partial, table),
    draw: (all) => {
      // An unchanged table is not drawn again, so that a text selection stays.
      const now = JSON.stringify(all);
      if (now === drawn) return;
      drawn = now;
      set(partial, { hidden: all.complete });
      fill(partial, i18n.t("admin_pods_partial"), " ", el("bdi", { lang: "en" }, all.reason ?? ""));
      fill(body, ...all.pods.map((pod) => line(pod, pod.pod === all.this)));
    },
  };
}
