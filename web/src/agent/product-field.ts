// A field that selects a product by its name; the server gets its id.

import { el } from "../element.ts";

/** An offered product. */
export interface NamedProduct {
  id: string;
  name: string;
}

export interface ProductField {
  element: HTMLElement;
  /**
   * The id of the field's value: of an offered name, else of the best match, whose name the field then shows. A text
   * without a match is returned unchanged, because it may be an id. Empty for an empty field.
   */
  chosen: () => Promise<string>;
  /** The id of an offered name in the field, empty for an empty field, undefined while a name is being typed. */
  picked: () => string | undefined;
  /** Shows the name of this product; its id until the name is known. */
  show: (id: string) => void;
  /** Offers these products before any typing. */
  suggest: (products: readonly NamedProduct[]) => void;
  input: HTMLInputElement;
}

/** Pause after a key before products are searched, in milliseconds: one request per word, not per key. */
const OFFER_AFTER_MS = 150;

export function productField(id: string, label: string, find: (typed: string) => Promise<readonly NamedProduct[]>): ProductField {
  const options = el("datalist", { id: `${id}-options` });
  const input = el("input", {
    type: "search",
    id,
    class: "input",
    dir: "auto",
    placeholder: label,
    "aria-label": label,
    list: options.id,
    autocomplete: "off",
  });
  const known = new Map<string, NamedProduct>();
  /** The id whose name was last searched: a page that is drawn every second searches once. */
  let sought: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Products with the same name are distinguished by their ids. */
  function nameOf(product: NamedProduct): string {
    const same = known.get(product.name);
    return same === undefined || same.id === product.id ? product.name : `${product.name} (${product.id})`;
  }

  async function offer(typed: string): Promise<readonly NamedProduct[]> {
    const found = typed === "" ? [] : await find(typed);
    const named = found.map((product) => {
      const name = nameOf(product);
      known.set(name, product);
      return name;
    });
    // Later typing starts its own search.
    if (input.value.trim() === typed) options.replaceChildren(...named.map((value) => el("option", { value })));
    return found;
  }

  /** Replaces the id by the name, if the search finds it and the field did not change. */
  async function nameLater(product: string): Promise<void> {
    const found = await find(product.replaceAll("-", " "));
    const one = found.find(({ id: other }) => other === product);
    if (one === undefined || input.value !== product) return;
    const name = nameOf(one);
    known.set(name, one);
    input.value = name;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const typed = input.value.trim();
    if (known.has(typed)) return;
    timer = setTimeout(() => void offer(typed), OFFER_AFTER_MS);
  });

  return {
    element: el("div", { class: "product-field" }, input, options),
    chosen: async () => {
      const typed = input.value.trim();
      if (typed === "") return "";
      const [best] = known.has(typed) ? [known.get(typed)] : await offer(typed);
      if (best === undefined) return typed;
      const name = nameOf(best);
      known.set(name, best);
      if (input.value.trim() === typed) input.value = name;
      return best.id;
    },
    picked: () => {
      const typed = input.value.trim();
      return typed === "" ? "" : known.get(typed)?.id;
    },
    show: (product) => {
      const name = [...known].find(([, one]) => one.id === product)?.[0];
      input.value = name ?? product;
      if (name === undefined && product !== "" && product !== sought) {
        sought = product;
        void nameLater(product);
      }
    },
    suggest: (products) => {
      if (input.value.trim() !== "") return;
      options.replaceChildren(...products.map((product) => {
        const value = nameOf(product);
        known.set(value, product);
        return el("option", { value });
      }));
    },
    input,
  };
}
