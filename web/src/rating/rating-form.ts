// A rating from 1 to 5 with an optional comment, once the conversation is closed.

import { el } from "../element.ts";
import { drafted } from "../parts/draft.ts";
import type { Maker } from "../parts/part.ts";
import type { Word } from "../words/words.ts";
import { commentField } from "./comment.ts";

const MARKS: readonly Word[] = ["rating_1", "rating_2", "rating_3", "rating_4", "rating_5"];

export interface RatingForm {
  element: HTMLElement;
  /** Shows why the server refused it. */
  complain(sentence: string): void;
}

export function ratingForm({ i18n, actions, drafts, prefix }: Maker, others: readonly HTMLElement[]): RatingForm {
  const complaint = el("p", { class: "complaint", role: "alert", id: `${prefix}marks-trouble` });
  // Native radio buttons: the arrow keys work as usual.
  const inputs = MARKS.map((word, at) =>
    el("input", {
      type: "radio",
      name: `${prefix}marks`,
      value: at + 1,
      "aria-label": i18n.t("rating_of", { n: at + 1, word: i18n.t(word) }),
      "aria-describedby": complaint.id,
    }),
  );
  const labels = inputs.map((input, at) =>
    el(
      "label",
      { class: "mark" },
      input,
      el("span", { class: "mark-face", "aria-hidden": "true" }, el("b", {}, String(at + 1)), el("span", {}, i18n.t(MARKS[at] ?? "rating_5"))),
    ),
  );
  for (const input of inputs) {
    input.checked = input.value === drafts.of("marks");
    input.addEventListener("change", () => {
      drafts.keep("marks", input.value);
    });
  }
  const comment = drafted(commentField(`${prefix}marks-comment`, {}), "marks_comment", drafts);
  const form = el(
    "form",
    { class: "strip-form", novalidate: true },
    el("fieldset", { class: "marks" }, el("legend", {}, i18n.t("rating_title")), el("div", { class: "marks-row" }, ...labels)),
    el("label", { for: comment.id }, i18n.t("rating_comment")),
    comment,
    complaint,
    el("div", { class: "strip-actions" }, ...others, el("button", { type: "submit", class: "action" }, i18n.t("rating_send"))),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = inputs.find((input) => input.checked);
    complaint.textContent = chosen === undefined ? i18n.t("rating_missing") : "";
    if (chosen === undefined) inputs[0]?.focus();
    else actions.rateConversation(Number(chosen.value), comment.value.trim());
  });
  return {
    element: form,
    complain: (sentence) => {
      complaint.textContent = sentence;
    },
  };
}
