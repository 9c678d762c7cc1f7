// Actions that change something: a confirmation if they cannot be undone, and their result.

import { button, el, fill, set } from "../element.ts";
import type { TeamI18n } from "../words/team.ts";
import type { Answer } from "./api-client.ts";
import { type Desk, why } from "./section.ts";

/** The confirmation of an action. */
export interface Question {
  title: string;
  /** The consequences. */
  why: string;
  /** Label of the button that confirms. */
  yes: string;
}

/** Asks for confirmation; true when confirmed. */
export function confirm(root: HTMLElement, i18n: TeamI18n, { title, why, yes }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    let shall = false;
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-why" });
    const no = button({ class: "action" }, () => {
      dialog.close();
    }, i18n.t("admin_no"));
    const does = button({ class: "action main" }, () => {
      shall = true;
      dialog.close();
    }, yes);
    dialog.append(
      el("h2", { id: "confirm-title", class: "dialog-title" }, title),
      el("p", { id: "confirm-why" }, why),
      el("div", { class: "dialog-does" }, no, does),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(shall);
    });
    root.append(dialog);
    dialog.showModal();
    // Enter without reading does nothing.
    no.focus();
  });
}

/** A line with the result of an action. */
export interface Outcome {
  element: HTMLElement;
  good(words: string): void;
  bad(words: string): void;
  clear(): void;
}

export function outcome(): Outcome {
  const element = el("p", { class: "outcome", role: "status" });
  const show = (is: string, words: string): void => {
    element.dataset.is = is;
    // Messages of the server are English in every language.
    fill(element, el("bdi", {}, words));
  };
  return {
    element,
    good: (words) => {
      show("good", words);
    },
    bad: (words) => {
      show("bad", words);
    },
    clear: () => {
      fill(element);
    },
  };
}

/**
 * Performs an action once: the button is inactive meanwhile, and the outcome shows the result. Returns the response;
 * undefined if the action was not confirmed or is already running.
 */
export async function perform<Body>(
  desk: Desk,
  { pressed, result, question, does, success }: {
    pressed: HTMLButtonElement;
    result: Outcome;
    question?: Question;
    does: () => Promise<Answer<Body>>;
    /** The text for a success. */
    success: (body: Body) => string;
  },
): Promise<Answer<Body> | undefined> {
  // Not `disabled`: that would take the focus away.
  if (pressed.ariaDisabled === "true") return undefined;
  if (question !== undefined && !(await confirm(desk.root, desk.i18n, question))) return undefined;
  set(pressed, { "aria-disabled": "true" });
  result.clear();
  const answer = await does();
  set(pressed, { "aria-disabled": undefined });
  if (answer.what === "seen") result.good(success(answer.body));
  else result.bad(why(desk.i18n, answer));
  return answer;
}
