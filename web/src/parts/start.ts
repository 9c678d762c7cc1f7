// The beginning: what this is, some products by brand, and, once one is chosen, some questions.

import { button, el, fill } from "../element.ts";
import type { Option } from "../state.ts";
import type { Word } from "../words/words.ts";
import type { Maker, Part } from "./part.ts";

/** Brands and products of each that are shown: enough to see what there is, and no scrolling on a laptop. */
const BRANDS = 6;
const PRODUCTS = 2;
const EXAMPLES: readonly Word[] = ["example_1", "example_2", "example_3", "example_4"];

/** The greeting above the search field. */
export function greeting({ voice, heading }: Maker): Part {
  const element = el("div", { class: "greeting" }, el(heading, { class: "title" }, voice.say("title")), el("p", {}, voice.say("intro")));
  return {
    element,
    update: (state) => {
      element.hidden = state.product !== undefined;
    },
  };
}

/** A sample of the catalog, by brand. */
export function sample({ voice, deeds, prefix }: Maker): Part {
  const titleId = `${prefix}sample`;
  const element = el("section", { class: "sample", "aria-labelledby": titleId });
  let shown: readonly Option[] = [];
  return {
    element,
    update: (state) => {
      element.hidden = state.product !== undefined || state.sample.length === 0 || state.typed.trim() !== "";
      if (state.sample === shown) return;
      shown = state.sample;
      const groups = byBrand(shown).map(([brand, options]) =>
        el(
          "div",
          { class: "brand" },
          el("h3", {}, el("bdi", {}, brand)),
          el("ul", {}, ...options.map((option) => el("li", {}, card(option)))),
        ),
      );
      fill(element, el("h2", { id: titleId }, voice.say("sample_title")), el("div", { class: "brands" }, ...groups));
    },
  };

  function card(option: Option): HTMLElement {
    return button(
      { class: "card" },
      () => {
        deeds.pick(option);
      },
      el("span", { class: "card-name" }, el("bdi", {}, ...unbroken(option.name))),
      el("span", { class: "card-about" }, el("bdi", {}, option.category)),
    );
  }
}

/** Questions that can be asked about nearly anything. */
export function examples({ voice, deeds, prefix }: Maker): Part {
  const title = el("h2", { id: `${prefix}examples` });
  const questions = EXAMPLES.map((word) =>
    el(
      "li",
      {},
      button(
        { class: "card" },
        () => {
          deeds.ask(voice.say(word));
        },
        voice.say(word),
      ),
    ),
  );
  const element = el(
    "section",
    { class: "examples", "aria-labelledby": title.id },
    title,
    el("ul", {}, ...questions),
  );
  return {
    element,
    update: (state) => {
      const { product } = state;
      element.hidden = product === undefined || state.turns.length > 0;
      title.textContent = product === undefined ? "" : voice.say("examples_title", { product: product.name });
    },
  };
}

/** A name whose model number is not torn apart at its hyphen. */
function unbroken(name: string): (Node | string)[] {
  const torn = /^(?=.*\d)\S{1,12}-\S{1,12}$/;
  return name.split(/(\s+)/).map((word) => (torn.test(word) ? el("span", { class: "whole" }, word) : word));
}

/** Groups in the order in which the server sent them, each brand once. */
export function byBrand(options: readonly Option[]): [string, Option[]][] {
  const brands = new Map<string, Option[]>();
  for (const option of options) {
    const of = brands.get(option.brand) ?? [];
    if (of.length < PRODUCTS) brands.set(option.brand, [...of, option]);
  }
  return [...brands].slice(0, BRANDS);
}
