// The label of a manual's page: the printed number if it is known, else the number in the file.

import type { Citation } from "../wire/types.ts";

/** The printed number of a page. */
export function printedPage(page: number, citations: readonly Citation[]): string {
  return citations.find((citation) => citation.page === page)?.page_label ?? String(page);
}
