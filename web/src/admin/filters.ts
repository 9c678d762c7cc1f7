// Filters of a list: fields above it, with their values in the address.

import { productField } from "../agent/product-field.ts";
import { el } from "../element.ts";
import type { TeamWord } from "../words/team.ts";
import type { Filters } from "./place.ts";
import { productsOf } from "./products.ts";
import type { Desk } from "./section.ts";

/** Typing pause after which the list is filtered, in milliseconds. */
const PAUSE_MS = 250;

export interface Narrowing {
  /** Name in the address. */
  name: string;
  word: TeamWord;
  /**
   * Kind of field; `select` has options, the first of which has an empty value and filters nothing; `product` selects
   * a product by name.
   */
  as: "search" | "date" | "select" | "product";
  options?: readonly { value: string; word: TeamWord }[];
  /** For ids: from left to right in every language. */
  dir?: "ltr";
}

export interface FilterForm {
  element: HTMLFormElement;
  /** Shows the values of the address, except in the focused field. */
  draw(filters: Filters): void;
}

export function filterForm(desk: Desk, fields: readonly Narrowing[]): FilterForm {
  const { i18n } = desk;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const inputs = fields.map(({ name, word, as, options = [], dir }) => {
    const id = `filter-${name}`;
    const whole = (field: HTMLElement): HTMLElement => el("div", { class: "filter", "data-as": as }, el("label", { for: id }, i18n.t(word)), field);
    if (as === "product") {
      const { element, input, chosen, picked, show } = productField(id, i18n.t(word), productsOf(desk.call));
      // While a name is being typed the list does not change: the best match of half a name is a guess.
      const value = (isFinal: boolean): Promise<string> => (isFinal ? chosen() : Promise.resolve(picked() ?? desk.place().filters[name] ?? ""));
      return { name, input, whole: whole(element), value, show };
    }
    const input = as === "select"
      ? el("select", { id, name }, ...options.map((option) => el("option", { value: option.value }, i18n.t(option.word))))
      : el("input", { id, name, type: as, dir, autocomplete: "off" });
    const show = (value: string): void => {
      input.value = value;
    };
    return { name, input, whole: whole(input), value: () => Promise.resolve(input.value.trim()), show };
  });
  const element = el("form", { class: "filters", role: "search" }, ...inputs.map(({ whole }) => whole));
  let round = 0;
  const narrow = (isFinal: boolean): void => {
    clearTimeout(timer);
    const mine = ++round;
    void Promise.all(inputs.map(async ({ name, value }) => [name, await value(isFinal)] as const)).then((values) => {
      // A product that is still being looked up must not restore an older filter.
      if (mine === round) desk.narrow(Object.fromEntries(values));
    });
  };
  element.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      narrow(false);
    }, PAUSE_MS);
  });
  // Enter, or the field lost the focus: Enter does not submit a form with several fields and no button.
  element.addEventListener("change", () => {
    narrow(true);
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    narrow(true);
  });
  const draw = (filters: Filters): void => {
    for (const { name, input, show } of inputs) {
      if (input !== document.activeElement) show(filters[name] ?? "");
    }
  };
  draw(desk.place().filters);
  return { element, draw };
}

/** The start of a date field's day in local time, or of a later day, in milliseconds since 1970. */
export function dayBegins(day: string | undefined, later = 0): number | undefined {
  const [year, month, date] = (day ?? "").split("-").map(Number);
  if (year === undefined || month === undefined || date === undefined) return undefined;
  return new Date(year, month - 1, date + later).getTime();
}
