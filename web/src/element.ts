// Creates elements. Text is always inserted as text: no code of the pages parses HTML.

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined;

/** An element with attributes and children; `true` is an empty attribute, `false` and undefined are none. */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** Sets attributes; `false` and undefined remove one. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Replaces the children. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== undefined));
}

/** A button with one action. */
export function button(attributes: Attributes, does: () => void, ...children: Child[]): HTMLButtonElement {
  const element = el("button", { type: "button", ...attributes }, ...children);
  element.addEventListener("click", does);
  return element;
}

/** The strokes of each icon, on a square of 24. */
const STROKES = {
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16.2 16.2L20.5 20.5",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19.5V5M5.5 11.2L12 4.7l6.5 6.5",
  stop: "M7.5 7.5h9v9h-9z",
  picture: "M4 5.5h16v13H4zM4 15.5l4.5-4.5 5 5 2.5-2.5 4 4M15.3 9.2h.01",
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  check: "M5 12.5l4.5 4.5L19 7.5",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 3.5v4.6h-4.6",
  book: "M12 6.5C10 5 7 4.5 3.5 4.8v13.4C7 18 10 18.5 12 20c2-1.5 5-2 8.5-1.8V4.8C17 4.5 14 5 12 6.5zM12 6.5V20",
  tip: "M9.5 18h5M10.5 21h3M12 3a6 6 0 0 0-3.5 10.9c.6.5 1 1.2 1 2.1h5c0-.9.4-1.6 1-2.1A6 6 0 0 0 12 3z",
  plus: "M12 5v14M5 12h14",
  swap: "M4 8.5h14M14.5 5L18 8.5 14.5 12M20 15.5H6M9.5 12L6 15.5 9.5 19",
  chat: "M4.5 5.5h15v11h-8l-4.5 3.5v-3.5h-2.5zM8.5 9.5h7M8.5 12.5h4.5",
  globe: "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M3.5 12h17M12 3.5c2.5 2.3 3.5 5.3 3.5 8.5s-1 6.2-3.5 8.5c-2.5-2.3-3.5-5.3-3.5-8.5s1-6.2 3.5-8.5",
  back: "M14.5 5l-7 7 7 7",
  down: "M12 5v13.5M6 12.8l6 6 6-6",
  bell: "M12 4a5.5 5.5 0 0 0-5.5 5.5v3.7L5 16h14l-1.5-2.8V9.5A5.5 5.5 0 0 0 12 4zM10 19a2 2 0 0 0 4 0",
  lock: "M6.5 11h11v8.5h-11zM9 11V8a3 3 0 0 1 6 0v3",
  mute: "M5 9.5v5h3l4 3.5V6L8 9.5zM16 10l4 4M20 10l-4 4",
  person: "M12 4.5a3.7 3.7 0 1 0 0 7.4a3.7 3.7 0 1 0 0-7.4M5 19.5c.7-3.7 3.5-5.5 7-5.5s6.3 1.8 7 5.5",
  save: "M12 4v11M7.5 10.8L12 15.2l4.5-4.4M4.5 19.5h15",
  leave: "M13.5 4.5h-8v15h8M10 12h10M16.5 8.2L20.2 12l-3.7 3.8",
  thumb_up: "M8 11v8.5H4.5V11zM8 11l3.8-7c1.4 0 2.4 1 2.2 2.6l-.5 2.9h5.2c1 0 1.8 1 1.5 2l-1.8 6.5c-.2.9-1 1.5-1.8 1.5H8",
  thumb_down: "M8 13V4.5H4.5V13zM8 13l3.8 7c1.4 0 2.4-1 2.2-2.6l-.5-2.9h5.2c1 0 1.8-1 1.5-2l-1.8-6.5c-.2-.9-1-1.5-1.8-1.5H8",
  sound: "M5 9.5v5h3l4 3.5V6L8 9.5zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11",
} as const;

export type IconName = keyof typeof STROKES;

/** An icon beside text or in a button with a label; hidden from screen readers. */
export function icon(name: IconName): SVGSVGElement {
  const drawing = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(drawing, "svg");
  set(svg, { viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" });
  const path = document.createElementNS(drawing, "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}
