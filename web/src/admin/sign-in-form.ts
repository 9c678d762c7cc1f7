// The sign-in form of the administration: by session, or by token.

import { el, set } from "../element.ts";
import type { TeamI18n } from "../words/team.ts";

/** Storage key of the place at which a session ended, for the return: for this tab. */
const WAS_AT = "hsc-admin-was-at";

export interface SignInForm {
  element: HTMLElement;
  /** Shows the form. `refused`: the last token was wrong; `wasIn`: a session has ended. */
  ask(refused: boolean, wasIn: boolean): void;
  hide(): void;
}

export function signInForm(i18n: TeamI18n, unlock: (token: string) => void): SignInForm {
  const over = el("p", { class: "over", role: "alert" });
  const way = el("a", { class: "action main", href: "/sign-in?next=/admin" }, i18n.t("admin_sign_in"));
  way.addEventListener("click", () => {
    remember(location.hash);
  });
  const field = el("input", {
    id: "admin-token",
    type: "password",
    autocomplete: "current-password",
    required: true,
    dir: "ltr",
    "aria-describedby": "admin-token-why",
  });
  const wrong = el("p", { class: "wrong", role: "alert" });
  const form = el(
    "form",
    {},
    el("label", { for: "admin-token" }, i18n.t("admin_token")),
    el("p", { id: "admin-token-why" }, i18n.t("admin_token_why")),
    el("div", { class: "key" }, field, el("button", { type: "submit" }, i18n.t("admin_unlock"))),
    wrong,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    unlock(field.value.trim());
  });
  const element = el("section", { class: "door", hidden: true, "aria-label": i18n.t("admin_door") }, over, way, form);
  return {
    element,
    ask: (refused, wasIn) => {
      const isNew = element.hidden;
      set(element, { hidden: false });
      over.textContent = wasIn ? i18n.t("admin_session_over") : "";
      wrong.textContent = refused ? i18n.t("admin_token_wrong") : "";
      if (refused) field.select();
      if (wasIn && isNew) way.focus();
      else if (isNew || refused) field.focus();
    },
    hide: () => {
      set(element, { hidden: true });
      field.value = "";
    },
  };
}

/** The place before a new sign-in; returned once. */
export function wasAt(): string {
  try {
    const hash = sessionStorage.getItem(WAS_AT) ?? "";
    sessionStorage.removeItem(WAS_AT);
    return hash;
  } catch {
    return "";
  }
}

function remember(hash: string): void {
  try {
    sessionStorage.setItem(WAS_AT, hash);
  } catch {
    // Then the first section is shown.
  }
}
