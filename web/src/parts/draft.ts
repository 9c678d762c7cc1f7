// What is typed and not sent: kept until it is, whatever is drawn anew around it.
//
// A language that is changed, a form that gives way to another, a page that is loaded again: the field is made
// anew each time, and gets back what was typed into it.

/** What was typed, by the name of its field. */
export interface Drafts {
  of: (name: string) => string;
  /** Keeps it; an empty text is forgotten. */
  keep: (name: string, text: string) => void;
}

/** Has a field begin with what was typed into it before, and remembers what is typed. */
export function drafted<Field extends HTMLInputElement | HTMLTextAreaElement>(field: Field, name: string, drafts: Drafts, first = ""): Field {
  field.value = drafts.of(name) || first;
  field.addEventListener("input", () => {
    drafts.keep(name, field.value);
  });
  return field;
}
