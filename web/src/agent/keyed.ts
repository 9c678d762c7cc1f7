// A list that keeps the elements of unchanged items, so that focus, selection and scroll position stay.

export interface Row<Item> {
  element: HTMLElement;
  update(item: Item): void;
}

/** Draws the items into `parent`; an item is drawn again only if it changed. */
export function keyed<Item>(
  parent: HTMLElement,
  keyOf: (item: Item) => string,
  make: (item: Item) => Row<Item>,
): (items: readonly Item[]) => void {
  let rows = new Map<string, { row: Row<Item>; item: string }>();
  return (items) => {
    const next = new Map<string, { row: Row<Item>; item: string }>();
    for (const item of items) {
      const key = keyOf(item);
      const known = rows.get(key) ?? { row: make(item), item: "" };
      const now = JSON.stringify(item);
      if (known.item !== now) known.row.update(item);
      next.set(key, { row: known.row, item: now });
    }
    for (const [key, { row }] of rows) if (!next.has(key)) row.element.remove();
    let at = parent.firstElementChild;
    for (const { row } of next.values()) {
      // Moved only if necessary: a moved element loses the focus.
      if (row.element === at) at = at.nextElementSibling;
      else parent.insertBefore(row.element, at);
    }
    rows = next;
  };
}
