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
  const { voice, actions, drafts, prefix } = maker;
  const status = el("p", { class: "person-status", role: "status" });
  const element = el("section", { class: "person", "aria-label": voice.say("person_title") });
  let shown: Handoff | undefined;
  let shape = "";
  let letter: ReturnType<typeof offlineForm> | undefined;

  const wishButton = (): HTMLElement =>
    button({ class: "quiet person-wish" }, () => {
      actions.openHandoffForm(true);
    }, icon("person"), voice.say("person_wish"));

  function draw(person: Handoff): Node[] {
    if (person.isWishing) return [wishForm()];
    switch (person.stage) {
      case "machine":
        return [wishButton()];
      case "asking":
        return [status];
      case "waiting":
        return [status, button({ class: "quiet" }, actions.withdrawRequest, voice.say("person_stop_waiting"))];
      case "with":
        return [status];
      case "over":
        return [status];
      case "unavailable": {
        if (person.letter === "left") return [status, wishButton()];
        letter = offlineForm(maker);
        return [status, letter.element];
      }
    }
  }

  function wishForm(): HTMLElement {
    const reason = drafted(el("textarea", { class: "field", rows: 2, id: `${prefix}wish`, maxlength: 500, dir: "auto" }), "wish", drafts);
    const form = el(
      "form",
      { class: "person-form" },
      el("label", { for: reason.id }, voice.say("person_reason")),
      reason,
      el(
        "div",
        { class: "person-actions" },
        button({ class: "quiet" }, () => {
          actions.openHandoffForm(false);
        }, voice.say("person_cancel")),
        el("button", { type: "submit", class: "action" }, voice.say("person_ask")),
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

  function sentence(person: Handoff): string {
    switch (person.stage) {
      case "machine":
        return "";
      case "asking":
        return voice.say("person_asking");
      case "waiting": {
        const { place, waitMs } = person;
        const line = place === undefined ? voice.say("person_waits") : voice.say(place === 1 ? "person_next" : "person_place", { n: place });
        if (waitMs === undefined) return line;
        const minutes = Math.max(1, Math.round(waitMs / MINUTE_MS));
        return `${line} ${voice.count("person_wait", minutes)}`;
      }
      case "with":
        return voice.say(person.types ? "person_types" : "person_here", { name: person.name });
      case "over":
        return voice.say("person_over");
      case "unavailable":
        return person.letter === "left" ? voice.say("letter_left") : (person.why ?? voice.say("person_unavailable"));
    }
  }

  function update({ person }: State): void {
    if (person === shown) return;
    const before = shape;
    shown = person;
    shape = shapeOf(person);
    element.dataset.stage = person.stage;
    const said = sentence(person);
    if (status.textContent !== said) status.textContent = said;
    if (before !== shape) {
      const had = element.contains(element.ownerDocument.activeElement) || isFocused(element);
      fill(element, ...draw(person));
      if (person.isWishing || had) element.querySelector<HTMLElement>("textarea, input, button")?.focus();
    }
    letter?.update(person.letter);
  }

  return { element, update };
}

/** In a shadow root `document.activeElement` is not the focused element. */
function isFocused(element: HTMLElement): boolean {
  const root = element.getRootNode();
  return root instanceof ShadowRoot && element.contains(root.activeElement);
}
