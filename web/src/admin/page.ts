// The page at `/admin`: the pods, and the actors of this one, live.

import { button, el, fill } from "../element.ts";
import { found, frame } from "../frame.ts";
import "../style/admin.css";
import type { Look, Readiness } from "../wire/actors.ts";
import type { Pods, TreeReport } from "../wire/types.ts";
import { type TeamVoice, teamVoiceOf } from "../words/team.ts";
import { door } from "./door.ts";
import { pods as podsTable } from "./pods.ts";
import { changesOf, rowsOf, totalsOf } from "./rows.ts";
import { summary } from "./summary.ts";
import { table } from "./table.ts";
import { watch } from "./watch.ts";

interface Seen {
  tree: TreeReport;
  pods: Pods;
  readiness: Readiness;
}

const root = found("#admin", HTMLElement);
const folded = new Set<string>();
let seen: Seen | undefined;
let link: "waiting" | "live" | "lost" | "refused" | "locked" = "waiting";

const language = frame("admin_title", (tag) => {
  view = draw(teamVoiceOf(tag));
}, teamVoiceOf);
let view = draw(teamVoiceOf(language));
const watching = watch(new URL(location.origin), hear);

function hear(look: Look, triedToken: boolean): void {
  const before = seen?.tree;
  if (look.what === "seen") {
    link = "live";
    seen = { tree: look.tree, pods: look.pods, readiness: look.readiness };
  } else if (look.what === "forbidden") {
    link = triedToken ? "refused" : "locked";
    seen = undefined; // What was seen is not for whoever may not see it now.
  } else {
    link = "lost";
  }
  view.update();
  if (look.what === "seen") view.tell(before, look.tree);
}

interface View {
  update(): void;
  /** Marks and says what has changed. */
  tell(before: TreeReport | undefined, after: TreeReport): void;
}

function draw(voice: TeamVoice): View {
  const notice = el("div", { class: "notice", role: "status" });
  const news = el("div", { class: "unseen", "aria-live": "polite" });
  const entrance = door(voice, (token) => {
    watching.unlock(token);
  });
  const pod = summary(voice);
  const actors = table(voice, (name) => {
    if (!folded.delete(name)) folded.add(name);
    update();
  });
  const others = podsTable(voice);
  const shown = el("div", { class: "pod" }, pod.element, others.element, actors.element);
  const title = el("h1", { class: "title" }, voice.say("admin_title"));
  const again = button({ class: "notice-now" }, () => { watching.now(); }, voice.say("link_now"));
  fill(root, notice, el("div", { class: "watch" }, title, entrance.element, shown), news);
  let told: typeof link | undefined;

  function update(): void {
    root.dataset.link = link;
    shown.hidden = seen === undefined;
    if (seen !== undefined) {
      pod.draw(totalsOf(seen.tree), seen.readiness);
      others.draw(seen.pods);
      actors.draw(rowsOf(seen.tree, folded));
    }
    if (link === "locked" || link === "refused") entrance.ask(link === "refused");
    else if (link === "live") entrance.hide();
    if (link === told) return;
    told = link;
    notice.dataset.link = link;
    if (link === "lost") fill(notice, el("span", {}, voice.say("admin_lost")), again);
    else fill(notice);
  }

  update();
  return {
    update,
    tell: (before, after) => {
      const changes = changesOf(before, after);
      for (const { actor } of changes) actors.mark(actor.name);
      const restarts = changes.filter((change) => change.restarted);
      if (restarts.length === 0) return;
      const say = ({ actor: { name, last_reason } }: (typeof restarts)[number]): string =>
        voice.say("admin_restarted", { name, reason: last_reason ?? "–" });
      news.textContent = restarts.map(say).join(" ");
    },
  };
}
