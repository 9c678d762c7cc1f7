// The search field: a combobox with a list, by the pattern of the ARIA Authoring Practices.
//
// The focus stays in the field; `aria-activedescendant` is the active option.

import { button, el, fill, icon, set } from "../element.ts";
import { isStart, type Option, readingOf, type State } from "../state.ts";
import { stretches } from "./highlight.ts";
import type { Maker, Part } from "./part.ts";

export interface Finder extends Part {
  focus(): void;
}

export function finder({ i18n, actions, prefix }: Maker): Finder {
  const listId = `${prefix}list`;
  const field = el("input", {
    class: "field",
    type: "text",
    role: "combobox",
    "aria-label": i18n.t("search_label"),
    "aria-autocomplete": "list",
    "aria-controls": listId,
    "aria-expanded": "false",
    autocomplete: "off",
    autocapitalize: "off",
    autocorrect: "off",
    spellcheck: "false",
    enterkeyhint: "search",
    dir: i18n.words.dir,
    placeholder: i18n.t("search_placeholder"),
  });
  const list = el("ul", { class: "options", id: listId, role: "listbox", "aria-label": i18n.t("search_label") });
  const nothing = el("p", { class: "nothing", hidden: true });
  const hint = el("p", { class: "hint", hidden: true, id: `${prefix}hint` });
  const clear = button(
    { class: "quiet round", "aria-label": i18n.t("clear"), title: i18n.t("clear"), hidden: true },
    () => {
      actions.type("");
      field.focus();
    },
    icon("close"),
  );
  const keep = button({ class: "quiet keep", hidden: true }, () => {
    actions.change(false);
  });
  const box = el("div", { class: "search" }, icon("search"), field, clear);
  const element = el("div", { class: "finder" }, box, keep, el("div", { class: "drop" }, hint, list, nothing));

  field.addEventListener("input", () => {
    actions.type(field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (pressed(event)) event.preventDefault();
  });
  field.addEventListener("focus", () => {
    actions.openList();
  });
  field.addEventListener("blur", () => {
    actions.closeList();
  });
  // Otherwise the field would lose the focus, and the list close, before the click arrives.
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
  });

  /** Handles a key; true if it was handled. */
  function pressed(event: KeyboardEvent): boolean {
    // During the composition of a script (e.g. Japanese) keys belong to the composition.
    if (event.isComposing) return false;
    switch (event.key) {
      case "ArrowDown":
        actions.move(1);
        return true;
      case "ArrowUp":
        actions.move(-1);
        return true;
      case "Enter":
        actions.take();
        return true;
      case "Escape":
        if (shown === undefined || field.value === "") {
          if (shown?.changing !== true || shown.product === undefined) return false;
          actions.change(false);
        } else {
          actions.type("");
        }
        event.stopPropagation();
        return true;
      default:
        return false;
    }
  }

  let shown: State | undefined;

  function update(state: State): void {
    const before = shown;
    shown = state;
    if (field.value !== state.typed) field.value = state.typed;
    const isAside = state.changing || state.home;
    set(element, { "data-shown": isStart(state) || state.changing });
    if (before?.product !== state.product || before?.changing !== state.changing || before.home !== state.home) {
      keep.hidden = !isAside || state.product === undefined;
      keep.textContent = state.product ? i18n.t("keep", { product: state.product.name }) : "";
    }
    clear.hidden = state.typed === "";
    // The text has its own direction; the placeholder that of the page.
    field.dir = state.typed === "" ? i18n.words.dir : "auto";
    if (before?.options !== state.options) fill(list, ...state.options.map(row));
    const open = state.listOpen && state.options.length > 0;
    list.hidden = !open;
    hint.textContent = open ? advice(state) : "";
    hint.hidden = hint.textContent === "";
    const none = state.found?.trim() === state.typed.trim() && state.typed.trim() !== "" && state.options.length === 0;
    nothing.hidden = !none;
    nothing.textContent = none ? i18n.t("found_none", { typed: state.typed.trim() }) : "";
    const active = open ? list.children[state.active] : undefined;
    set(field, { "aria-expanded": String(open), "aria-activedescendant": active?.id });
    for (const option of list.children) set(option, { "aria-selected": String(option === active) });
    if (before?.active !== state.active) active?.scrollIntoView({ block: "nearest" });
  }

  /** The effect of Enter for the whole text, or why it has none. */
  function advice(state: State): string {
    const reading = readingOf(state);
    if (reading?.done !== true) return "";
    const { detected, corrected } = reading;
    const meant = corrected === undefined ? [] : [i18n.t("read_as", { text: corrected })];
    if (detected !== undefined && detected.question !== "" && state.active === 0) {
      meant.push(i18n.t("enter_asks", { product: detected.option.name, question: detected.question }));
    } else if (state.active === -1) {
      meant.push(i18n.t("choose_one"));
    }
    return meant.join(" ");
  }

  function row(option: Option, at: number): HTMLElement {
    const meter = el("span", { class: "meter" });
    meter.style.setProperty("--part", `${option.confidence}%`);
    const confidence = i18n.t("confidence_of", { n: option.confidence });
    const item = el(
      "li",
      { class: "option", id: `${prefix}option${at}`, role: "option", "aria-selected": "false" },
      el("span", { class: "option-name" }, marked(option.name, "name", option)),
      el(
        "span",
        { class: "option-about" },
        el("span", {}, marked(option.brand, "brand", option)),
        option.category === "" ? undefined : el("span", {}, marked(option.category, "category", option)),
        option.manual ? undefined : el("span", {}, i18n.t("no_manual")),
      ),
      el("span", { class: "option-confidence", title: confidence, "aria-label": confidence, role: "img" }, meter),
    );
    item.addEventListener("pointermove", () => {
      if (shown?.active !== at) actions.point(at);
    });
    item.addEventListener("click", () => {
      actions.point(at);
      actions.take();
    });
    return item;
  }

  return {
    element,
    update,
    focus: () => {
      field.focus();
    },
  };
}

/** A name keeps its own direction inside the page's direction: hence `bdi`. */
function marked(text: string, field: string, option: Option): HTMLElement {
  const cut = stretches(text, field, option.matched);
  return el("bdi", {}, ...cut.map((stretch) => (stretch.marked ? el("mark", {}, stretch.text) : stretch.text)));
}
