// The transcript for the visitor: as a file or, if the server can send it, by mail.

import { button, el, fill, icon, set } from "../element.ts";
import { drafted } from "../parts/draft.ts";
import type { Maker, Part } from "../parts/part.ts";
import { FILE } from "./requests.ts";
import type { Transcript } from "./state.ts";

export function transcriptPart({ i18n, actions, drafts, prefix }: Maker): Part {
  const status = el("p", { class: "strip-status", role: "status" });
  const complaint = el("p", { class: "complaint", role: "alert", id: `${prefix}transcript-trouble` });
  const place = el("div");
  const element = el("div", { class: "transcript" }, place, status, complaint);
  let form: { element: HTMLElement; send: HTMLButtonElement } | undefined;
  let shown: Transcript | undefined;

  /** The form for the code that was sent to the address. */
  function confirmation(to: string): { element: HTMLElement; send: HTMLButtonElement } {
    const code = el("input", {
      class: "field",
      type: "text",
      id: `${prefix}transcript-code`,
      autocomplete: "one-time-code",
      required: true,
      dir: "ltr",
      maxlength: 20,
      "aria-describedby": complaint.id,
    });
    const send = el("button", { type: "submit", class: "action" }, i18n.t("transcript_confirm"));
    const form = el(
      "form",
      { class: "strip-form", novalidate: true, "aria-label": i18n.t("transcript_title") },
      el("label", { for: code.id }, i18n.t("transcript_code", { address: to })),
      code,
      el("div", { class: "strip-actions" }, button({ class: "quiet" }, actions.leaveTranscript, i18n.t("transcript_leave")), send),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (code.checkValidity()) actions.sendTranscript(to, code.value.trim());
      else code.focus();
    });
    leavesByEscape(form);
    return { element: form, send };
  }

  function leavesByEscape(form: HTMLElement): void {
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      actions.leaveTranscript();
    });
  }

  function choice(): { element: HTMLElement; send: HTMLButtonElement } {
    const address = el("input", {
      class: "field",
      type: "email",
      id: `${prefix}transcript-address`,
      autocomplete: "email",
      required: true,
      dir: "ltr",
      maxlength: 254,
      "aria-describedby": complaint.id,
    });
    drafted(address, "transcript_address", drafts);
    const send = el("button", { type: "submit", class: "action" }, i18n.t("transcript_send"));
    const form = el(
      "form",
      { class: "strip-form", novalidate: true, "aria-label": i18n.t("transcript_title") },
      button({ class: "action" }, actions.download, icon("save"), i18n.t("transcript_download")),
      el("label", { for: address.id }, i18n.t("transcript_address")),
      address,
      el("div", { class: "strip-actions" }, button({ class: "quiet" }, actions.leaveTranscript, i18n.t("transcript_leave")), send),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const isFit = address.checkValidity();
      complaint.textContent = isFit ? "" : i18n.t("transcript_no_address");
      if (isFit) actions.sendTranscript(address.value.trim());
      else address.focus();
    });
    leavesByEscape(form);
    return { element: form, send };
  }

  function sentence(now: Transcript["now"]): string {
    switch (now) {
      case "coming":
        return i18n.t("transcript_coming");
      case "saved":
        return i18n.t("transcript_saved", { file: FILE });
      case "sending":
        return i18n.t("transcript_sending");
      case "sent":
        return i18n.t("transcript_sent");
      default:
        return "";
    }
  }

  return {
    element,
    update: ({ transcript }) => {
      if (transcript === shown) return;
      const before = shown;
      shown = transcript;
      const { now, isChoosing, confirms } = transcript;
      if (before?.isChoosing !== isChoosing || before.confirms !== confirms) {
        if (!isChoosing) form = undefined;
        else form = confirms === undefined ? choice() : confirmation(confirms);
        fill(place, form?.element);
        form?.element.querySelector<HTMLElement>(confirms === undefined ? "button" : "input")?.focus();
      }
      if (form !== undefined) set(form.send, { disabled: now === "sending" });
      status.textContent = sentence(now);
      complaint.textContent = typeof now === "object" ? i18n.t(now.trouble) : "";
    },
  };
}
