// The start page: a greeting, some products and, after a choice, some questions.

import { button, el, fill } from "../element.ts";
import { isStart, type Option } from "../state.ts";
import type { Maker, Part } from "./part.ts";

/** Number of offered products per brand, and in total. */
const PRODUCTS_OF_BRAND = 2;
const PRODUCTS = 9;
/** Number of manual sections that are offered as questions. */
const QUESTIONS = 4;

/** The greeting above the search field. */
export function greeting({ i18n, heading }: Maker): Part {
  const element = el("div", { class: "greeting" }, el(heading, { class: "title" }, i18n.t("title")), el("p", {}, i18n.t("intro")));
  return {
    element,
    update: (state) => {
      element.hidden = !isStart(state);
    },
  };
}

/** A sample of the catalog: products with a manual. */
export function sample({ i18n, actions, prefix }: Maker): Part {
  const titleId = `${prefix}sample`;
  const element = el("section", { class: "sample", "aria-labelledby": titleId });
  let shown: readonly Option[] = [];
  return {
    element,
    update: (state) => {
      element.hidden = !isStart(state) || state.sample.length === 0 || state.typed.trim() !== "";
      if (state.sample === shown) return;
      shown = state.sample;
      const cards = offered(shown).map((option) => el("li", {}, card(option)));
      fill(element, el("h2", { id: titleId }, i18n.t("sample_title")), el("ul", {}, ...cards));
    },
  };

  function card(option: Option): HTMLElement {
    return button(
      { class: "card" },
      () => {
        actions.pick(option);
      },
      el("span", { class: "card-name" }, el("bdi", {}, ...unbroken(option.name))),
      el("span", { class: "card-about" }, ...about(option).map((fact) => el("bdi", {}, fact))),
    );
  }
}

/** Questions about the chosen product: sections of its manual. None without a manual. */
export function examples({ i18n, actions, prefix }: Maker): Part {
  const title = el("h2", { id: `${prefix}examples` });
  const list = el("ul");
  const element = el("section", { class: "examples", "aria-labelledby": title.id }, title, list);
  let shown: readonly string[] = [];

  function question(section: string): HTMLElement {
    const ask = (): void => {
      actions.ask(section);
    };
    return el("li", {}, button({ class: "card" }, ask, el("bdi", {}, section)));
  }

  return {
    element,
    update: (state) => {
      const { product, sections } = state;
      const titles = product !== undefined && sections?.product === product.id ? sections.titles : [];
      element.hidden = product === undefined || titles.length === 0 || isStart(state) || state.turns.length > 0 || state.handoff.entries.length > 0;
      title.textContent = product === undefined ? "" : i18n.t("examples_title", { product: product.name });
      if (titles === shown) return;
      shown = titles;
      fill(list, ...titles.slice(0, QUESTIONS).map(question));
    },
  };
}

/** A name whose model number is not broken at its hyphen. */
function unbroken(name: string): (Node | string)[] {
  const torn = /^(?=.*\d)\S{1,12}-\S{1,12}$/;
  return name.split(/(\s+)/).map((word) => (torn.test(word) ? el("span", { class: "whole" }, word) : word));
}

/** The brand, unless the name begins with it, and the category. */
function about({ name, brand, category }: Option): string[] {
  return [name.toLowerCase().startsWith(brand.toLowerCase().split(" ")[0] ?? "") ? "" : brand, category].filter((fact) => fact !== "");
}

/** Products with a manual or, in a catalog without any, all; in the server's order, and only a few of one brand. */
export function offered(options: readonly Option[]): Option[] {
  const withManual = options.filter(({ manual }) => manual);
  const chosen: Option[] = [];
  for (const option of withManual.length > 0 ? withManual : options) {
    const ofBrand = chosen.filter(({ brand }) => brand === option.brand).length;
    if (ofBrand < PRODUCTS_OF_BRAND && chosen.length < PRODUCTS) chosen.push(option);
  }
  return chosen;
}
