// A list of the server in pages: the first page at once, the next ones on demand.

import { button, el, fill, set } from "../element.ts";
import type { Answer, Became, Page } from "./api-client.ts";
import { type Desk, why } from "./section.ts";
import { table, type TableOf } from "./table.ts";

export interface List {
  element: HTMLElement;
  /** Reloads all shown pages. */
  look(): Promise<Became>;
  /** Starts again with the first page, for another query. */
  begin(): void;
}

/** `ask` requests the page after a mark, undefined for the first. `found` gets all loaded items. */
export function list<Row>(
  desk: Desk,
  shown: TableOf<Row>,
  ask: (after: string | undefined) => Promise<Answer<Page<Row>>>,
  found: (rows: readonly Row[], hasMore: boolean) => void = () => undefined,
): List {
  const { i18n } = desk;
  const lines = table(i18n, shown);
  const status = el("p", { class: "says", role: "status" });
  const more = button({ class: "quiet more", hidden: true }, () => {
    pages += 1;
    desk.look();
  }, i18n.t("agent_more"));
  let pages = 1;
  /** Number of the current query; the response to an earlier one is ignored. */
  let requests = 0;

  return {
    element: el("div", { class: "list" }, status, lines.element, more),
    begin: () => {
      pages = 1;
      requests += 1;
    },
    look: async () => {
      const mine = requests;
      const rows: Row[] = [];
      let after: string | undefined;
      let next: string | null = null;
      for (let page = 0; page < pages; page += 1) {
        const answer = await ask(after);
        if (mine !== requests) return "seen";
        if (answer.what !== "seen") {
          // The rows stay while the server is unreachable; the page reports that.
          if (answer.what !== "lost") fill(status, why(i18n, answer));
          return answer.what;
        }
        rows.push(...answer.body.items);
        next = answer.body.next;
        if (next === null) break;
        after = next;
      }
      fill(status);
      lines.draw(rows);
      set(more, { hidden: next === null });
      found(rows, next !== null);
      return "seen";
    },
  };
}
