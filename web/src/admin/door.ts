// Asks for the token where the server wants one.

import { el, set } from "../element.ts";
import type { TeamVoice } from "../words/team.ts";

export interface Door {
  element: HTMLFormElement;
  /** Shows the field; `refused` says that the last token was not the right one. */
  ask(refused: boolean): void;
  hide(): void;
}

export function door(voice: TeamVoice, unlock: (token: string) => void): Door {
  const field = el("input", {
    id: "admin-token",
    type: "password",
    autocomplete: "current-password",
    required: true,
    dir: "ltr",
    "aria-describedby": "admin-token-why",
  });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const element = el(
    "form",
    { class: "door", hidden: true },
    el("label", { for: "admin-token" }, voice.say("admin_token")),
    el("p", { id: "admin-token-why" }, voice.say("admin_token_why")),
    el("div", { class: "key" }, field, el("button", { type: "submit" }, voice.say("admin_unlock"))),
    wrong,
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    unlock(field.value.trim());
  });
  return {
    element,
    ask: (refused) => {
      const isNew = element.hidden;
      set(element, { hidden: false });
      wrong.textContent = refused ? voice.say("admin_token_wrong") : "";
      if (refused) field.select();
      if (isNew || refused) field.focus();
    },
    hide: () => {
      set(element, { hidden: true });
      field.value = "";
    },
  };
}
