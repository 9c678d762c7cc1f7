// A field for a comment that may stay empty.

import { el } from "../element.ts";

/** As many characters as the server takes. */
const MOST = 1000;

interface Told {
  /** What was said there before. */
  before?: string;
  /** Enter, without Shift. */
  send?: (comment: string) => void;
  /** Escape. */
  leave?: () => void;
}

export function commentField(id: string, { before = "", send, leave }: Told): HTMLTextAreaElement {
  const field = el("textarea", { class: "field", rows: 2, id, maxlength: MOST, dir: "auto" });
  field.value = before;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && leave !== undefined) {
      // Around a widget the key would close it.
      event.stopPropagation();
      leave();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && send !== undefined) {
      event.preventDefault();
      send(field.value.trim());
    }
  });
  return field;
}
