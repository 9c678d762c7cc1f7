// The end of the conversation: the button, its confirmation, the rating, a new conversation.

import { button, el, fill, icon } from "../element.ts";
import type { Maker, Part } from "../parts/part.ts";
import type { State } from "../state.ts";
import { ratingForm } from "./rating-form.ts";
import { transcriptPart } from "./transcript.ts";

type Face = "nothing" | "actions" | "sure" | "said" | "marks" | "unsaved" | "thanks";

/** What is shown; it is drawn again only if that changes, because a form contains text. */
function faceOf({ turns, handoff, ending: { stage, mark } }: State): Face {
  if (handoff.stage === "over") {
    if (mark === undefined || mark.trouble !== undefined) return "marks";
    return mark.isSaved === false ? "unsaved" : "thanks";
  }
  if (stage !== "open") return stage;
  // Without a message there is nothing to end.
  return turns.length === 0 && handoff.entries.length === 0 ? "nothing" : "actions";
}

export function endingPart(maker: Maker): Part {
  const { i18n, actions } = maker;
  const body = el("div", { class: "ending-body" });
  const transcript = transcriptPart(maker);
  const element = el("section", { class: "ending", "aria-label": i18n.t("rating_section") }, transcript.element, body);
  const status = el("p", { class: "strip-status", role: "status" });
  let shown: Face | undefined;
  // The focused element was removed; the next one gets the focus, unless it moved elsewhere.
  let isLost = false;
  let marks: ReturnType<typeof ratingForm> | undefined;

  const quiet = (name: "save" | "leave", words: string, does: () => void): HTMLElement =>
    button({ class: "quiet ending-action", title: words, "aria-label": words }, does, icon(name), el("span", {}, words));
  const saveButton = (): HTMLElement => quiet("save", i18n.t("transcript_save"), actions.takeTranscript);

  function draw(face: Face, state: State): Node[] {
    switch (face) {
      case "nothing":
        return [];
      case "actions":
        return [saveButton(), quiet("leave", i18n.t("rating_end"), actions.endConversation)];
      case "sure":
        return [sure(state)];
      case "said":
        return [status];
      case "marks": {
        marks = ratingForm(maker, [saveButton(), newChat("quiet")]);
        return [marks.element];
      }
      case "unsaved":
        // A new conversation would discard the unsaved rating.
        return [el("p", { class: "strip-status", role: "status" }, i18n.t("rating_unsaved")), saveButton()];
      case "thanks":
        return [el("p", { class: "strip-status", role: "status" }, i18n.t("rating_taken")), saveButton(), newChat("action")];
    }
  }

  function newChat(look: "quiet" | "action"): HTMLElement {
    return button({ class: look }, actions.beginAnew, i18n.t("rating_anew"));
  }

  /** Asks for a confirmation before an agent, or a place in the queue, is given up. */
  function sure({ handoff: { stage, name } }: State): HTMLElement {
    const stay = (): void => {
      actions.cancelEnd();
    };
    const question = el("p", { id: `${maker.prefix}sure` }, stage === "with" ? i18n.t("rating_sure_person", { name }) : i18n.t("rating_sure_line"));
    const form = el(
      "div",
      { class: "strip-form", role: "group", "aria-labelledby": question.id },
      question,
      el("div", { class: "strip-actions" }, button({ class: "quiet" }, stay, i18n.t("rating_stay")), button({ class: "action" }, actions.endConversation, i18n.t("rating_leave"))),
    );
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      stay();
    });
    return form;
  }

  function update(state: State): void {
    const face = faceOf(state);
    const wasChoosing = transcript.element.contains(focused());
    transcript.update(state);
    element.dataset.face = face;
    element.hidden = face === "nothing";
    if (face !== shown) {
      const active = focused();
      const had = body.contains(active) || (isLost && (active === null || active === document.body));
      shown = face;
      fill(body, ...draw(face, state));
      // The focused element was removed; the focus moves to the next useful one.
      const next = body.querySelector<HTMLElement>("input, button");
      if (had) next?.focus();
      isLost = had && next === null;
    }
    if (face === "said") {
      const words = i18n.t(state.link === "open" || state.link === "back" ? "rating_ending" : "rating_ending_later");
      if (status.textContent !== words) status.textContent = words;
    }
    if (wasChoosing && !state.transcript.isChoosing) body.querySelector<HTMLElement>(".ending-action")?.focus();
    const trouble = state.ending.mark?.trouble;
    if (face === "marks" && trouble !== undefined) marks?.complain("word" in trouble ? i18n.t(trouble.word) : trouble.text);
  }

  /** In a shadow root `document.activeElement` is not the focused element. */
  function focused(): Element | null {
    return (element.getRootNode() as Partial<DocumentOrShadowRoot>).activeElement ?? null;
  }

  return { element, update };
}
