// Visibility: an element is in the visible part of the page and not covered by another.

import type { Locator } from "playwright-core";
import { eventually } from "./server.ts";

/** The tested window sizes: a laptop and a phone. */
export const SIZES = [
  { name: "1280x800", viewport: { width: 1280, height: 800 } },
  { name: "390x844", viewport: { width: 390, height: 844 } },
] as const;

/** Why the element is not in view; undefined if all of it is inside the visual viewport and uncovered. */
export function outOfView(element: Locator): Promise<string | undefined> {
  return element.evaluate((target) => {
    const rect = target.getBoundingClientRect();
    if (rect.width === 0 || rect.height === 0) return "it has no size";
    const seen = window.visualViewport;
    const left = seen?.offsetLeft ?? 0;
    const top = seen?.offsetTop ?? 0;
    const right = left + (seen?.width ?? innerWidth);
    const bottom = top + (seen?.height ?? innerHeight);
    const edges = `${Math.round(rect.left)},${Math.round(rect.top)} to ${Math.round(rect.right)},${Math.round(rect.bottom)}`;
    const isInside = rect.left >= left - 1 && rect.top >= top - 1 && rect.right <= right + 1 && rect.bottom <= bottom + 1;
    if (!isInside) return `it is at ${edges}, the viewport at ${left},${top} to ${right},${bottom}`;
    const middle = [rect.left + rect.width / 2, rect.top + rect.height / 2] as const;
    const points = [
      middle,
      [middle[0], rect.top + 2],
      [middle[0], rect.bottom - 2],
      [rect.left + 2, middle[1]],
      [rect.right - 2, middle[1]],
    ] as const;
    for (const [x, y] of points) {
      // In a document the element at a point is the host of a shadow root; the root itself returns the inner one.
      let hit: Element | null = null;
      let root: Document | ShadowRoot = document;
      for (;;) {
        const inner: Element | null = root.elementFromPoint(x, y);
        if (inner === null || inner === hit) break;
        hit = inner;
        if (hit.shadowRoot === null) break;
        root = hit.shadowRoot;
      }
      if (hit === null || !(hit === target || target.contains(hit))) {
        return `at ${Math.round(x)},${Math.round(y)} of ${edges} there is ${hit?.tagName ?? "nothing"}.${hit?.className ?? ""}`;
      }
    }
    return undefined;
    // Shorter than the deadline of the test, so that a missing element is reported by its name.
  }, undefined, { timeout: 5_000 });
}

/** Waits until all of the element is in view, and reports why it is not on a timeout. */
export async function inViewport(what: string, element: Locator): Promise<void> {
  let why: string | undefined;
  try {
    await eventually(`${what} is in view`, async () => {
      why = await outOfView(element);
      return why === undefined;
    });
  } catch (error) {
    throw new Error(`${what} is not in view: ${why ?? String(error)}`, { cause: error });
  }
}
