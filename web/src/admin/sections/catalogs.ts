// The current catalog, its problems, reloading it, and uploading a brand file.

import { button, el, fill } from "../../element.ts";
import { outcome, perform } from "../action.ts";
import { moment, plainNumber } from "../figures.ts";
import { type Desk, type Section, why } from "../section.ts";
import { rewrite, table } from "../table.ts";
import type { Problem } from "../trial.ts";
import { upload } from "../upload.ts";

/** Refresh interval, in milliseconds: files are changed by people. */
const EVERY_MS = 5000;
/** Longest wait for a reload, in milliseconds: hundreds of thousands of products take a while. */
const LOAD_MS = 120_000;

/** The response of `/admin/catalog`. */
interface Catalog {
  version: string;
  products: number;
  brands: Brand[];
  problems: Problem[];
  problems_total: number;
  kept: string | null;
  folder: string;
  loaded_at_ms: number;
}

interface Brand {
  id: string;
  name: string;
  file: string | null;
  products: number;
}

export const catalogs: Section = {
  open: (desk) => {
    const { voice, call } = desk;
    const number = (n: number): string => plainNumber(n, voice.language);
    const says = outcome();
    const told = outcome();
    const kept = outcome();
    const facts = el("dl", { class: "facts" });
    const reload = button({ class: "action" }, () => {
      void perform(desk, {
        pressed: reload,
        told,
        does: () => call.post<Catalog>("/admin/catalog/reload", undefined, { patience: LOAD_MS }),
        said: (catalog) => voice.say("admin_catalog_loaded", { version: catalog.version, products: number(catalog.products) }),
      }).then((answer) => {
        if (answer?.what === "seen") draw(answer.body);
      });
    }, voice.say("admin_catalog_reload"));
    const brands = table<Brand>(voice, {
      caption: voice.say("admin_brands"),
      key: ({ id }) => id,
      empty: "admin_brands_none",
      columns: [
        { name: "name", word: "admin_brand", say: ({ name }) => name },
        { name: "id", word: "admin_id", as: "code", say: ({ id }) => id },
        { name: "file", word: "admin_file", as: "code", say: ({ file }) => file ?? "–" },
        { name: "products", word: "admin_products", as: "number", say: ({ products }) => number(products) },
      ],
    });
    const faults = table<Problem>(voice, {
      caption: voice.say("admin_problems"),
      key: ({ file, problem }) => `${file} ${problem}`,
      state: ({ severity }) => (severity === "error" ? "failed" : "kept"),
      empty: "admin_problems_none",
      columns: [
        { name: "problem", word: "admin_problem", say: ({ problem }) => problem },
        { name: "file", word: "admin_file", as: "code", say: ({ file }) => file },
        { name: "severity", word: "admin_severity", say: ({ severity }) => voice.say(severity === "error" ? "admin_left_out" : "admin_looks_wrong") },
      ],
    });
    const more = el("p", { class: "lead" });

    function draw(catalog: Catalog): void {
      rewrite(
        facts,
        fact("admin_version", el("bdi", { dir: "ltr" }, catalog.version)),
        fact("admin_products", number(catalog.products)),
        fact("admin_folder", el("bdi", { dir: "ltr" }, catalog.folder)),
        fact("admin_loaded", moment(catalog.loaded_at_ms, voice.language)),
      );
      if (catalog.kept === null) kept.clear();
      else kept.bad(voice.say("admin_catalog_kept", { reason: catalog.kept }));
      brands.draw(catalog.brands);
      faults.draw(unique(catalog.problems));
      const unnamed = catalog.problems_total - catalog.problems.length;
      rewrite(more, unnamed > 0 ? voice.say("admin_more", { n: number(unnamed) }) : "");
    }

    function fact(word: Parameters<typeof voice.say>[0], value: string | Node): HTMLElement {
      return el("div", {}, el("dt", {}, voice.say(word)), el("dd", {}, value));
    }

    return {
      element: el(
        "div",
        {},
        says.element,
        el("section", { class: "panel", "aria-labelledby": "catalog-title" }, el("h2", { id: "catalog-title" }, voice.say("admin_catalog_now")), facts, kept.element, el("div", { class: "actions" }, reload), told.element),
        uploadPanel(desk),
        el("section", { class: "part" }, el("h2", {}, voice.say("admin_problems")), faults.element, more),
        el("section", { class: "part" }, el("h2", {}, voice.say("admin_brands")), brands.element),
      ),
      everyMs: EVERY_MS,
      look: async () => {
        const answer = await call.get<Catalog>("/admin/catalog");
        if (answer.what === "seen") {
          says.clear();
          draw(answer.body);
        } else if (answer.what !== "lost") {
          says.bad(why(voice, answer));
        }
        return answer.what;
      },
    };
  },
};

function uploadPanel(desk: Desk): HTMLElement {
  const panel = el("section", { class: "panel", "aria-labelledby": "upload-title" });
  fill(panel, el("h2", { id: "upload-title" }, desk.voice.say("admin_file_title")), upload(desk));
  return panel;
}

/** Repeated problems become one row: rows are keyed by their text. */
function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((it) => [`${it.file} ${it.problem}`, it])).values()];
}
