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
    const { i18n, call } = desk;
    const number = (n: number): string => plainNumber(n, i18n.language);
    const status = outcome();
    const result = outcome();
    const outdated = outcome();
    const facts = el("dl", { class: "facts" });
    const reload = button({ class: "action" }, () => {
      void perform(desk, {
        pressed: reload,
        result,
        does: () => call.post<Catalog>("/admin/catalog/reload", undefined, { patience: LOAD_MS }),
        success: (catalog) => i18n.t("admin_catalog_loaded", { version: catalog.version, products: number(catalog.products) }),
      }).then((answer) => {
        if (answer?.what === "seen") draw(answer.body);
      });
    }, i18n.t("admin_catalog_reload"));
    const brands = table<Brand>(i18n, {
      caption: i18n.t("admin_brands"),
      key: ({ id }) => id,
      empty: "admin_brands_none",
      columns: [
        { name: "name", word: "admin_brand", text: ({ name }) => name },
        { name: "id", word: "admin_id", as: "code", text: ({ id }) => id },
        { name: "file", word: "admin_file", as: "code", text: ({ file }) => file ?? "–" },
        { name: "products", word: "admin_products", as: "number", text: ({ products }) => number(products) },
      ],
    });
    const faults = table<Problem>(i18n, {
      caption: i18n.t("admin_problems"),
      key: ({ file, problem }) => `${file} ${problem}`,
      state: ({ severity }) => (severity === "error" ? "failed" : "kept"),
      empty: "admin_problems_none",
      columns: [
        { name: "problem", word: "admin_problem", text: ({ problem }) => problem },
        { name: "file", word: "admin_file", as: "code", text: ({ file }) => file },
        { name: "severity", word: "admin_severity", text: ({ severity }) => i18n.t(severity === "error" ? "admin_left_out" : "admin_looks_wrong") },
      ],
    });
    const more = el("p", { class: "lead" });

    function draw(catalog: Catalog): void {
      rewrite(
        facts,
        fact("admin_version", el("bdi", { dir: "ltr" }, catalog.version)),
        fact("admin_products", number(catalog.products)),
        fact("admin_folder", el("bdi", { dir: "ltr" }, catalog.folder)),
        fact("admin_loaded", moment(catalog.loaded_at_ms, i18n.language)),
      );
      if (catalog.kept === null) outdated.clear();
      else outdated.bad(i18n.t("admin_catalog_kept", { reason: catalog.kept }));
      brands.draw(catalog.brands);
      faults.draw(unique(catalog.problems));
      const unnamed = catalog.problems_total - catalog.problems.length;
      rewrite(more, unnamed > 0 ? i18n.t("admin_more", { n: number(unnamed) }) : "");
    }

    function fact(word: Parameters<typeof i18n.t>[0], value: string | Node): HTMLElement {
      return el("div", {}, el("dt", {}, i18n.t(word)), el("dd", {}, value));
    }

    return {
      element: el(
        "div",
        {},
        status.element,
        el("section", { class: "panel", "aria-labelledby": "catalog-title" }, el("h2", { id: "catalog-title" }, i18n.t("admin_catalog_now")), facts, outdated.element, el("div", { class: "actions" }, reload), result.element),
        uploadPanel(desk),
        el("section", { class: "part" }, el("h2", {}, i18n.t("admin_problems")), faults.element, more),
        el("section", { class: "part" }, el("h2", {}, i18n.t("admin_brands")), brands.element),
      ),
      everyMs: EVERY_MS,
      look: async () => {
        const answer = await call.get<Catalog>("/admin/catalog");
        if (answer.what === "seen") {
          status.clear();
          draw(answer.body);
        } else if (answer.what !== "lost") {
          status.bad(why(i18n, answer));
        }
        return answer.what;
      },
    };
  },
};

function uploadPanel(desk: Desk): HTMLElement {
  const panel = el("section", { class: "panel", "aria-labelledby": "upload-title" });
  fill(panel, el("h2", { id: "upload-title" }, desk.i18n.t("admin_file_title")), upload(desk));
  return panel;
}

/** Repeated problems become one row: rows are keyed by their text. */
function unique(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((it) => [`${it.file} ${it.problem}`, it])).values()];
}
