// Drafts: unsent text, kept while fields are created again.
//
// After a change of language, another form or a reload the field is a new element, and gets its text back.

/** Unsent text by the name of its field. */
export interface Drafts {
  of: (name: string) => string;
  /** Stores a text; an empty one is removed. */
  keep: (name: string, text: string) => void;
}

/** Initialises a field with its draft, and stores what is typed. */
export function drafted<Field extends HTMLInputElement | HTMLTextAreaElement>(field: Field, name: string, drafts: Drafts, first = ""): Field {
  field.value = drafts.of(name) || first;
  field.addEventListener("input", () => {
    drafts.keep(name, field.value);
  });
  return field;
}
