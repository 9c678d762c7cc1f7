// The form for an offline message: a mail address and a text.

import { button, el, set } from "../element.ts";
import { drafted } from "../parts/draft.ts";
import type { Maker } from "../parts/part.ts";
import type { OfflineMessage } from "./state.ts";

export interface OfflineForm {
  element: HTMLElement;
  update(letter: OfflineMessage): void;
}

/** Longest message that the server accepts, in characters. */
const MOST = 5000;

export function offlineForm({ i18n, actions, drafts, prefix }: Maker): OfflineForm {
  const complaint = el("p", { class: "complaint", role: "alert", id: `${prefix}letter-trouble` });
  const address = el("input", {
    class: "field",
    type: "email",
    id: `${prefix}letter-address`,
    autocomplete: "email",
    required: true,
    dir: "ltr",
    maxlength: 254,
    "aria-describedby": complaint.id,
  });
  const text = el("textarea", {
    class: "field",
    rows: 3,
    id: `${prefix}letter-text`,
    required: true,
    dir: "auto",
    maxlength: MOST,
  });
  drafted(address, "letter_address", drafts);
  // The reason for wanting an agent becomes the text of the message.
  drafted(text, "letter_text", drafts, drafts.of("wish"));
  const send = el("button", { type: "submit", class: "action" }, i18n.t("letter_send"));
  const element = el(
    "form",
    { class: "strip-form", novalidate: true },
    el("p", {}, i18n.t("letter_why")),
    el("label", { for: address.id }, i18n.t("letter_address")),
    address,
    el("label", { for: text.id }, i18n.t("letter_text")),
    text,
    complaint,
    el("div", { class: "strip-actions" }, button({ class: "quiet" }, actions.withdrawRequest, i18n.t("person_cancel")), send),
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const missing = !address.checkValidity() ? address : text.value.trim() === "" ? text : undefined;
    if (missing !== undefined) {
      complaint.textContent = i18n.t(missing === address ? "letter_no_address" : "letter_no_text");
      missing.focus();
      return;
    }
    actions.sendOfflineMessage(address.value.trim(), text.value.trim());
  });
  return {
    element,
    update: (letter) => {
      const isSending = letter === "sending";
      set(send, { disabled: isSending });
      if (letter === "none" || letter === "left") return;
      complaint.textContent = isSending ? "" : letter.trouble;
    },
  };
}
