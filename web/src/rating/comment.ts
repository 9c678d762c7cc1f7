// A field for an optional comment.

import { el } from "../element.ts";

/** Longest comment that the server accepts, in characters. */
const MOST = 1000;

interface Told {
  /** The earlier comment. */
  before?: string;
  /** On Enter without Shift. */
  send?: (comment: string) => void;
  /** On Escape. */
  leave?: () => void;
}

export function commentField(id: string, { before = "", send, leave }: Told): HTMLTextAreaElement {
  const field = el("textarea", { class: "field", rows: 2, id, maxlength: MOST, dir: "auto" });
  field.value = before;
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && leave !== undefined) {
      // In a widget the page around it would handle the key.
      event.stopPropagation();
      leave();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && send !== undefined) {
      event.preventDefault();
      send(field.value.trim());
    }
  });
  return field;
}
