// What changes something: it is asked once where it cannot be taken back, and says what became of it.

import { button, el, fill, set } from "../element.ts";
import type { TeamVoice } from "../words/team.ts";
import type { Answer } from "./caller.ts";
import { type Desk, why } from "./section.ts";

/** What somebody is asked before something is done. */
export interface Question {
  title: string;
  /** What will happen. */
  why: string;
  /** The word on the button that does it. */
  yes: string;
}

/** Asks once; true when it shall be done. */
export function confirm(root: HTMLElement, voice: TeamVoice, { title, why, yes }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    let shall = false;
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-why" });
    const no = button({ class: "deed" }, () => {
      dialog.close();
    }, voice.say("admin_no"));
    const does = button({ class: "deed main" }, () => {
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
    // Whoever presses Enter without reading has done nothing.
    no.focus();
  });
}

/** A line that says what became of something. */
export interface Outcome {
  element: HTMLElement;
  good(words: string): void;
  bad(words: string): void;
  clear(): void;
}

export function outcome(): Outcome {
  const element = el("p", { class: "outcome", role: "status" });
  const say = (is: string, words: string): void => {
    element.dataset.is = is;
    // Words of the server are English in every language.
    fill(element, el("bdi", {}, words));
  };
  return {
    element,
    good: (words) => {
      say("good", words);
    },
    bad: (words) => {
      say("bad", words);
    },
    clear: () => {
      fill(element);
    },
  };
}

/** Does something once: the button waits meanwhile, and the outcome says what became of it. Returns the
 * answer, undefined where it was not wanted after all or is under way already. */
export async function perform<Body>(
  desk: Desk,
  { pressed, told, question, does, said }: {
    pressed: HTMLButtonElement;
    told: Outcome;
    question?: Question;
    does: () => Promise<Answer<Body>>;
    /** The words for what was done. */
    said: (body: Body) => string;
  },
): Promise<Answer<Body> | undefined> {
  // Not `disabled`: that would take the focus away from whoever pressed it.
  if (pressed.ariaDisabled === "true") return undefined;
  if (question !== undefined && !(await confirm(desk.root, desk.voice, question))) return undefined;
  set(pressed, { "aria-disabled": "true" });
  told.clear();
  const answer = await does();
  set(pressed, { "aria-disabled": undefined });
  if (answer.what === "seen") told.good(said(answer.body));
  else told.bad(why(desk.voice, answer));
  return answer;
}
