// The composer of a question: scenario, picture, text.

import { button, el, fill, icon, set } from "../element.ts";
import { hasAgent } from "../handoff/state.ts";
import { isOpen, isStart, scenarioFor, type State } from "../state.ts";
import type { Scenario } from "../wire/types.ts";
import { drafted } from "./draft.ts";
import type { Maker, Part } from "./part.ts";

/** Name of the field's draft. */
const QUESTION = "question";
/** The types that the server accepts; it checks the first bytes, this is only for the file dialog. */
export const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export interface Composer extends Part {
  focus(): void;
  /** Shows a problem with the input; an empty text removes it. */
  complain(sentence: string): void;
  /** Puts unsent text back, before the present text. */
  giveBack(words: string): void;
}

export function composer({ i18n, actions, drafts, prefix }: Maker): Composer {
  const complaint = el("p", { class: "complaint", role: "alert", id: `${prefix}complaint` });
  const field = el("textarea", {
    class: "field",
    rows: 1,
    "aria-label": i18n.t("question_label"),
    "aria-describedby": complaint.id,
    placeholder: i18n.t("question_placeholder"),
    enterkeyhint: "send",
    dir: i18n.words.dir,
  });
  drafted(field, QUESTION, drafts);
  const file = el("input", { type: "file", accept: PICTURES.join(","), hidden: true, tabindex: "-1" });
  const attachLabel = i18n.t("attach");
  const attach = button(
    { class: "quiet round", "aria-label": attachLabel, title: attachLabel },
    () => {
      file.click();
    },
    icon("picture"),
  );
  const send = el("button", { class: "send", type: "submit" });
  const picture = el("div", { class: "attached", hidden: true });
  const scenarios = scenarioSwitch();
  const element = el(
    "form",
    { class: "composer", hidden: true },
    complaint,
    picture,
    el("div", { class: "writing" }, attach, file, field, send),
    scenarios.element,
  );

  let shown: State | undefined;
  const answering = (): boolean => shown?.turns.some(isOpen) ?? false;
  const toAgent = (): boolean => shown !== undefined && hasAgent(shown.handoff);

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  field.addEventListener("input", () => {
    grow();
    complain(tooLong());
    dress();
    if (toAgent()) actions.reportTyping(field.value.trim() !== "");
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    if (field.value.trim() !== "" || hasPicture()) submit();
  });
  field.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (pasted === undefined) return;
    event.preventDefault();
    actions.attach(pasted);
  });
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
  });
  element.addEventListener("drop", (event) => {
    const dropped = event.dataTransfer?.files[0];
    event.preventDefault();
    if (dropped !== undefined) actions.attach(dropped);
  });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen !== undefined) actions.attach(chosen);
    file.value = ""; // Allows choosing the same file again.
  });

  /** A picture alone suffices for a person; the assistant needs a question. */
  function hasPicture(): boolean {
    return toAgent() && shown?.image !== undefined;
  }

  function submit(): void {
    const question = field.value.trim();
    if (question === "" && !hasPicture()) {
      if (answering()) actions.stop();
      else field.focus();
      return;
    }
    if (tooLong() !== "") return;
    write("");
    if (toAgent()) actions.sendMessage(question);
    else actions.ask(question);
  }

  /** Sets the text of the field. */
  function write(words: string): void {
    field.value = words;
    drafts.keep(QUESTION, words);
    grow();
  }

  function tooLong(): string {
    const over = Array.from(field.value.trim()).length - (shown?.limits?.question_chars ?? Infinity);
    return over > 0 ? i18n.t("question_long", { n: over }) : "";
  }

  function complain(sentence: string): void {
    complaint.textContent = sentence;
    set(field, { "aria-invalid": sentence === "" ? undefined : "true" });
  }

  /** Adjusts the height to the text, up to the limit of the stylesheet. */
  function grow(): void {
    // The text has its own direction; the placeholder that of the page.
    field.dir = field.value === "" ? i18n.words.dir : "auto";
    field.style.height = "auto";
    if (field.value !== "") field.style.height = `${field.scrollHeight}px`;
  }

  /** The one button: it asks or, while an answer arrives and the field is empty, stops it. */
  function dress(): void {
    const stops = answering() && field.value.trim() === "" && !toAgent();
    const label = i18n.t(stops ? "stop" : "send");
    if (send.getAttribute("aria-label") === label) return;
    set(send, { "aria-label": label, title: label });
    fill(send, icon(stops ? "stop" : "send"));
  }

  /** A row of buttons and, for narrow windows, a list: both set the same value. */
  function scenarioSwitch(): { element: HTMLElement; update: (state: State) => void } {
    const title = i18n.t("scenario");
    const group = el("div", { class: "scenarios", role: "radiogroup", "aria-label": title });
    const list = el("select", { class: "scenario-list", "aria-label": title });
    const element = el("div", { class: "below" }, group, list);
    list.addEventListener("change", () => {
      actions.scenario(list.value as Scenario);
    });
    let offered: readonly Scenario[] = [];
    let inputs: HTMLInputElement[] = [];

    function draw(scenarios: readonly Scenario[]): void {
      offered = scenarios;
      inputs = scenarios.map((scenario) => {
        const input = el("input", { type: "radio", name: `${prefix}scenario`, value: scenario });
        input.addEventListener("change", () => {
          actions.scenario(scenario);
        });
        return input;
      });
      fill(group, ...inputs.map((input, at) => el("label", {}, input, el("span", {}, i18n.t(`scenario_${scenarios[at] ?? "general"}`)))));
      fill(list, ...scenarios.map((scenario) => el("option", { value: scenario }, i18n.t(`scenario_${scenario}`))));
    }

    return {
      element,
      update: (state) => {
        const scenarios = state.product?.scenarios ?? [];
        // With one scenario there is nothing to choose.
        element.hidden = hasAgent(state.handoff) || scenarios.length < 2;
        if (scenarios.join() !== offered.join()) draw(scenarios);
        const chosen = scenarioFor(state, state.product);
        for (const input of inputs) input.checked = input.value === chosen;
        list.value = chosen;
      },
    };
  }

  /** The addressee: the manual, or the agent. */
  function address({ handoff }: State): void {
    const { name } = handoff;
    const isTalk = hasAgent(handoff);
    set(field, {
      "aria-label": isTalk ? i18n.t("person_write_label", { name }) : i18n.t("question_label"),
      placeholder: isTalk ? i18n.t("person_write", { name }) : i18n.t("question_placeholder"),
    });
  }

  function update(state: State): void {
    const before = shown;
    shown = state;
    const isTalk = hasAgent(state.handoff);
    element.hidden = state.handoff.stage === "over" || (!isTalk && (state.product === undefined || state.changing || isStart(state)));
    if (before?.handoff !== state.handoff) address(state);
    if (state.limits !== undefined) field.maxLength = state.limits.question_chars * 2;
    scenarios.update(state);
    dress();
    if (before?.image === state.image) return;
    picture.hidden = state.image === undefined;
    const label = i18n.t("detach");
    fill(
      picture,
      state.image === undefined ? undefined : el("img", { src: state.image, alt: i18n.t("picture") }),
      button({ class: "quiet round", "aria-label": label, title: label }, actions.detach, icon("close")),
    );
  }

  // A draft may have several lines; their height is known once the field is in the page.
  queueMicrotask(grow);

  return {
    element,
    update,
    complain,
    giveBack: (words) => {
      write([words, field.value].filter((one) => one !== "").join("\n"));
    },
    focus: () => {
      field.focus();
    },
  };
}
