// The rating of an answer: two thumbs and, after a click, a field for a comment.

import { button, el, fill, icon, set } from "../element.ts";
import { drafted } from "../parts/draft.ts";
import type { Maker } from "../parts/part.ts";
import type { Turn } from "../state.ts";
import type { Thumb } from "../wire/types.ts";
import { commentField } from "./comment.ts";
import { isRatable, isPressed } from "./state.ts";

export interface ThumbsPart {
  /** The two buttons. */
  thumbs: HTMLElement;
  /** The question and the reply below them. */
  more: HTMLElement;
  update: (turn: Turn) => void;
}

export function thumbsPart(turnId: string, maker: Maker): ThumbsPart {
  const { i18n, actions, drafts, prefix } = maker;
  const up = thumb("up");
  const down = thumb("down");
  const thumbs = el("div", { class: "thumbs", role: "group", "aria-label": i18n.t("rating_group") }, up, down);
  const more = el("div", { class: "opinion", "aria-live": "polite" });
  let shape = "";

  function thumb(which: Thumb): HTMLElement {
    const label = i18n.t(`rating_${which}`);
    const press = (): void => {
      actions.rateAnswer(turnId, which);
    };
    return button({ class: "quiet round thumb", "aria-pressed": "false", "aria-label": label, title: label }, press, icon(`thumb_${which}`));
  }

  function update(turn: Turn): void {
    thumbs.hidden = !isRatable(turn);
    set(up, { "aria-pressed": String(isPressed(turn, "up")) });
    set(down, { "aria-pressed": String(isPressed(turn, "down")) });
    const { opinion } = turn;
    const next = opinion === undefined ? "" : JSON.stringify([opinion.thumb, opinion.why, opinion.trouble, opinion.why !== "asked" && opinion.isSaved]);
    if (next === shape) return;
    shape = next;
    fill(more, ...content(opinion));
    if (opinion?.why === "asked") more.scrollIntoView({ block: "nearest" });
  }

  function content(opinion: Turn["opinion"]): Node[] {
    if (opinion === undefined) return [];
    if (opinion.trouble !== undefined) {
      const { trouble } = opinion;
      const words = "word" in trouble ? i18n.t(trouble.word) : trouble.text;
      return [el("p", { class: "complaint", role: "alert", dir: "auto" }, words)];
    }
    if (opinion.why !== "asked") return [el("p", { class: "rating-thanks" }, i18n.t(opinion.isSaved === false ? "rating_unsaved" : "rating_thanks"))];
    return [whyForm(opinion.thumb, opinion.comment)];
  }

  function whyForm(which: Thumb, before: string): HTMLElement {
    const draft = `why ${turnId}`;
    const explain = (comment: string | undefined): void => {
      drafts.keep(draft, "");
      actions.commentAnswer(turnId, comment);
      // The focused field was removed; the thumb that opened it still exists.
      (which === "up" ? up : down).focus();
    };
    const leave = (): void => {
      explain(undefined);
    };
    const comment = drafted(commentField(`${prefix}why-${turnId}`, { before, send: explain, leave }), draft, drafts, before);
    const form = el(
      "form",
      { class: "strip-form" },
      el("label", { for: comment.id }, i18n.t(`rating_why_${which}`)),
      comment,
      el(
        "div",
        { class: "strip-actions" },
        button({ class: "quiet" }, leave, i18n.t("rating_no_comment")),
        el("button", { type: "submit", class: "action" }, i18n.t("rating_send")),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      explain(comment.value.trim());
    });
    return form;
  }

  return { thumbs, more, update };
}
