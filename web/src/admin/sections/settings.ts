// The current settings, by group.

import { el, fill } from "../../element.ts";
import { outcome } from "../action.ts";
import { filterForm } from "../filters.ts";
import { type Section, why } from "../section.ts";
import { fitting, type Setting, type Settings, settingsOf } from "../setting-rows.ts";
import { table } from "../table.ts";

export const settings: Section = {
  open: (desk) => {
    const { i18n, call } = desk;
    const fields = filterForm(desk, [
      { name: "text", word: "admin_settings_text", as: "search" },
      {
        name: "only",
        word: "admin_settings_which",
        as: "select",
        options: [{ value: "", word: "admin_settings_all" }, { value: "changed", word: "admin_settings_changed" }],
      },
    ]);
    const status = outcome();
    const groups = el("div");
    const nothing = el("p", { class: "nothing", hidden: true }, i18n.t("admin_settings_none"));
    let known: Setting[] = [];

    function draw(): void {
      const { text = "", only } = desk.place().filters;
      const found = fitting(known, text, only === "changed");
      nothing.hidden = found.length > 0 || known.length === 0;
      const names = [...new Set(found.map(({ group }) => group))];
      fill(groups, ...names.map((name) => group(name, found.filter((setting) => setting.group === name))));
    }

    function group(name: string, inside: readonly Setting[]): HTMLElement {
      const lines = table<Setting>(i18n, {
        caption: name,
        key: (setting) => setting.name,
        state: ({ instead }) => (instead === undefined ? "" : "changed"),
        empty: "admin_settings_none",
        columns: [
          { name: "name", word: "admin_name", as: "code", text: (setting) => setting.name },
          { name: "value", word: "admin_value", as: "code", text: ({ value }) => value },
          { name: "default", word: "admin_default", as: "code", text: ({ instead }) => instead ?? "" },
        ],
      });
      lines.draw(inside);
      return el("section", { class: "settings" }, el("h2", {}, el("bdi", { dir: "ltr" }, name)), lines.element);
    }

    return {
      element: el("div", {}, el("p", { class: "lead" }, i18n.t("admin_settings_lead")), fields.element, status.element, groups, nothing),
      look: async () => {
        const answer = await call.get<Settings>("/admin/settings");
        if (answer.what === "seen") {
          known = settingsOf(answer.body);
          status.clear();
          draw();
        } else if (answer.what !== "lost") {
          status.bad(why(i18n, answer));
        }
        return answer.what;
      },
      went: ({ filters }) => {
        fields.draw(filters);
        draw();
      },
    };
  },
};
