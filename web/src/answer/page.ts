// What a page of a manual is called: by the number printed on it where that is known, else by that of the file.

import type { Citation } from "../wire/types.ts";

/** The number that a customer reads on the page. */
export function printedPage(page: number, citations: readonly Citation[]): string {
  return citations.find((citation) => citation.page === page)?.page_label ?? String(page);
}
