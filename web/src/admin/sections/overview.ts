// The pod at a glance: whether it takes work, its sums, and the pods beside it.

import { el } from "../../element.ts";
import type { Pods, TreeReport } from "../../wire/types.ts";
import { outcome } from "../deed.ts";
import { pods as podsTable } from "../pods.ts";
import { totalsOf } from "../rows.ts";
import { type Section, why } from "../section.ts";
import { summary } from "../summary.ts";

/** Between two looks, in milliseconds: the pod takes a point of its charts every five seconds. */
const EVERY_MS = 2000;

export const overview: Section = {
  name: "overview",
  word: "admin_overview",
  open: ({ voice, call }) => {
    const says = outcome();
    const pod = summary(voice);
    const others = podsTable(voice);
    return {
      element: el("div", { class: "pod" }, says.element, pod.element, others.element),
      everyMs: EVERY_MS,
      look: async () => {
        const [tree, pods, ready] = await Promise.all([
          call.get<TreeReport>("/admin/actors"),
          call.get<Pods>("/admin/pods"),
          call.ready(),
        ]);
        if (tree.what === "seen") says.clear();
        else if (tree.what !== "lost") says.bad(why(voice, tree));
        if (tree.what === "seen" && ready !== undefined) pod.draw(totalsOf(tree.body), ready);
        if (pods.what === "seen") others.draw(pods.body);
        return ready === undefined ? "lost" : tree.what;
      },
    };
  },
};
