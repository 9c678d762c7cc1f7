// A list of the server in pages: the first at once, the others when somebody wants more.

import { button, el, fill, set } from "../element.ts";
import type { Answer, Became, Page } from "./caller.ts";
import { type Desk, why } from "./section.ts";
import { table, type TableOf } from "./table.ts";

export interface List {
  element: HTMLElement;
  /** Asks again for as many pages as are shown. */
  look(): Promise<Became>;
  /** Begins with the first page again: what is asked for is another. */
  begin(): void;
}

/** `ask` asks for the page after a mark, undefined for the first. `found` hears the items there are. */
export function list<Row>(
  desk: Desk,
  shown: TableOf<Row>,
  ask: (after: string | undefined) => Promise<Answer<Page<Row>>>,
  found: (rows: readonly Row[], hasMore: boolean) => void = () => undefined,
): List {
  const { voice } = desk;
  const lines = table(voice, shown);
  const says = el("p", { class: "says", role: "status" });
  const more = button({ class: "quiet more", hidden: true }, () => {
    pages += 1;
    desk.look();
  }, voice.say("agent_more"));
  let pages = 1;
  /** Counts what was begun; an answer to what was asked before is not drawn. */
  let asked = 0;

  return {
    element: el("div", { class: "list" }, says, lines.element, more),
    begin: () => {
      pages = 1;
      asked += 1;
    },
    look: async () => {
      const mine = asked;
      const rows: Row[] = [];
      let after: string | undefined;
      let next: string | null = null;
      for (let page = 0; page < pages; page += 1) {
        const answer = await ask(after);
        if (mine !== asked) return "seen";
        if (answer.what !== "seen") {
          // What is shown stays while the server is away; the page says that it is.
          if (answer.what !== "lost") fill(says, why(voice, answer));
          return answer.what;
        }
        rows.push(...answer.body.items);
        next = answer.body.next;
        if (next === null) break;
        after = next;
      }
      fill(says);
      lines.draw(rows);
      set(more, { hidden: next === null });
      found(rows, next !== null);
      return "seen";
    },
  };
}
