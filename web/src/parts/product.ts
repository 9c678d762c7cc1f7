// The current product: name, brand, manual, accessories.

import { button, el, fill, icon, set } from "../element.ts";
import { isStart } from "../state.ts";
import type { Product } from "../wire/product.ts";
import type { Maker, Part } from "./part.ts";

export function productHeader({ i18n, actions, heading }: Maker): Part {
  const element = el("section", { class: "product", hidden: true });
  let shown: Product | "none" | undefined;

  return {
    element,
    update: (state) => {
      element.hidden = state.changing || isStart(state);
      const next = state.product ?? "none";
      if (next === shown) return;
      shown = next;
      set(element, { "data-open": undefined });
      if (next === "none") drawChoice();
      else draw(next);
    },
  };

  /** Without a product: one line, so that a conversation with an agent has the room. */
  function drawChoice(): void {
    const choose = button({ class: "chip" }, () => {
      actions.change(true);
    }, icon("search"), el("span", {}, i18n.t("choose_product")));
    fill(element, el("div", { class: "product-words" }, el(heading, { class: "no-product" }, i18n.t("no_product"))), el("div", { class: "product-actions" }, choose));
  }

  function draw(product: Product): void {
    const facts = [
      product.brand,
      product.category,
      product.country === "" ? "" : i18n.t("made_in", { country: product.country }),
    ].filter((fact) => fact !== "");
    fill(
      element,
      portrait(product),
      el(
        "div",
        { class: "product-words" },
        el(heading, { class: "title" }, el("bdi", {}, product.name)),
        el("p", { class: "facts" }, ...facts.map((fact) => el("span", {}, el("bdi", {}, fact)))),
      ),
      el("div", { class: "product-actions" }, product.related.length === 0 ? undefined : fold(), manual(product), changeButton()),
      product.related.length === 0 ? undefined : related(product),
    );
  }

  /** In a narrow window the accessories are collapsed, and this opens them. */
  function fold(): HTMLElement {
    const label = i18n.t("related");
    const toggle = button({ class: "quiet fold", "aria-expanded": "false", "aria-label": label, title: label }, () => {
      const isOpen = !element.hasAttribute("data-open");
      set(element, { "data-open": isOpen });
      set(toggle, { "aria-expanded": String(isOpen) });
    }, icon("plus"));
    return toggle;
  }

  function manual(product: Product): HTMLElement | undefined {
    if (product.manual === undefined) return undefined;
    if (product.manual === "") return el("span", { class: "no-manual" }, i18n.t("no_manual"));
    const label = i18n.t("open_manual");
    const link = { class: "quiet", href: product.manual, target: "_blank", rel: "noopener", "aria-label": label };
    return el("a", link, icon("book"), el("span", {}, label));
  }

  function changeButton(): HTMLElement {
    const label = i18n.t("change");
    const change = (): void => {
      actions.change(true);
    };
    return button({ class: "quiet", "aria-label": label, title: label }, change, icon("swap"), el("span", {}, label));
  }

  function related(product: Product): HTMLElement {
    const chips = product.related.map((item) =>
      el(
        "li",
        {},
        button(
          {
            class: "chip",
            title: item.label === "" ? item.category : item.label,
            "aria-label": i18n.t("related_pick", { product: item.name }),
          },
          () => {
            actions.pick({ id: item.id, name: item.name, category: item.category, country: item.production_country });
          },
          el("bdi", {}, item.name),
        ),
      ),
    );
    const title = i18n.t("related");
    return el(
      "div",
      { class: "related" },
      el("span", { class: "related-title", "aria-hidden": "true" }, title),
      el("ul", { "aria-label": title }, ...chips),
    );
  }
}

/** Its picture or, if there is none, the first letter of its brand. */
function portrait(product: Product): HTMLElement {
  const letter = Array.from(product.brand || product.name)[0] ?? "";
  const frame = el("span", { class: "portrait", "aria-hidden": "true" }, letter);
  if (product.picture !== "") {
    const picture = el("img", { src: product.picture, alt: "", referrerpolicy: "no-referrer" });
    picture.addEventListener("load", () => {
      frame.replaceChildren(picture);
    });
  }
  return frame;
}
