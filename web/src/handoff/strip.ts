// The strip above the composer: the request for an agent, the queue, the agent, and the offline form.

import { button, el, fill, icon } from "../element.ts";
import { drafted } from "../parts/draft.ts";
import type { Maker, Part } from "../parts/part.ts";
import type { State } from "../state.ts";
import { offlineForm } from "./offline-form.ts";
import type { Handoff } from "./state.ts";

const MINUTE_MS = 60_000;

/** What requires drawing again: text in a form must survive every other change. */
function shapeOf({ stage, isWishing, letter }: Handoff): string {
  return `${stage} ${isWishing} ${letter === "left"}`;
}

export function handoffStrip(maker: Maker): Part {
  const { i18n, actions, drafts, prefix } = maker;
  const status = el("p", { class: "strip-status", role: "status" });
  const element = el("section", { class: "handoff", "aria-label": i18n.t("person_title") });
  let shown: Handoff | undefined;
  let shape = "";
  let letter: ReturnType<typeof offlineForm> | undefined;

  const wishButton = (): HTMLElement =>
    button({ class: "quiet handoff-wish" }, () => {
      actions.openHandoffForm(true);
    }, icon("person"), i18n.t("person_wish"));

  function draw(handoff: Handoff): Node[] {
    if (handoff.isWishing) return [wishForm()];
    switch (handoff.stage) {
      case "machine":
        return [wishButton()];
      case "asking":
        return [status];
      case "waiting":
        return [status, button({ class: "quiet" }, actions.withdrawRequest, i18n.t("person_stop_waiting"))];
      case "with":
        return [status];
      case "over":
        return [status];
      case "unavailable": {
        if (handoff.letter === "left") return [status, wishButton()];
        letter = offlineForm(maker);
        return [status, letter.element];
      }
    }
  }

  function wishForm(): HTMLElement {
    const reason = drafted(el("textarea", { class: "field", rows: 2, id: `${prefix}wish`, maxlength: 500, dir: "auto" }), "wish", drafts);
    const form = el(
      "form",
      { class: "strip-form" },
      el("label", { for: reason.id }, i18n.t("person_reason")),
      reason,
      el(
        "div",
        { class: "strip-actions" },
        button({ class: "quiet" }, () => {
          actions.openHandoffForm(false);
        }, i18n.t("person_cancel")),
        el("button", { type: "submit", class: "action" }, i18n.t("person_ask")),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      actions.requestAgent(reason.value.trim());
    });
    reason.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        actions.openHandoffForm(false);
      } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        actions.requestAgent(reason.value.trim());
      }
    });
    return form;
  }

  function sentence(handoff: Handoff): string {
    switch (handoff.stage) {
      case "machine":
        return "";
      case "asking":
        return i18n.t("person_asking");
      case "waiting": {
        const { place, waitMs } = handoff;
        const line = place === undefined ? i18n.t("person_waits") : i18n.t(place === 1 ? "person_next" : "person_place", { n: place });
        if (waitMs === undefined) return line;
        const minutes = Math.max(1, Math.round(waitMs / MINUTE_MS));
        return `${line} ${i18n.count("person_wait", minutes)}`;
      }
      case "with":
        return i18n.t(handoff.types ? "person_types" : "person_here", { name: handoff.name });
      case "over":
        return i18n.t("person_over");
      case "unavailable":
        return handoff.letter === "left" ? i18n.t("letter_left") : (handoff.why ?? i18n.t("person_unavailable"));
    }
  }

  function update({ handoff }: State): void {
    if (handoff === shown) return;
    const before = shape;
    shown = handoff;
    shape = shapeOf(handoff);
    element.dataset.stage = handoff.stage;
    const words = sentence(handoff);
    if (status.textContent !== words) status.textContent = words;
    if (before !== shape) {
      const had = element.contains(element.ownerDocument.activeElement) || isFocused(element);
      fill(element, ...draw(handoff));
      if (handoff.isWishing || had) element.querySelector<HTMLElement>("textarea, input, button")?.focus();
    }
    letter?.update(handoff.letter);
  }

  return { element, update };
}

/** In a shadow root `document.activeElement` is not the focused element. */
function isFocused(element: HTMLElement): boolean {
  const root = element.getRootNode();
  return root instanceof ShadowRoot && element.contains(root.activeElement);
}
