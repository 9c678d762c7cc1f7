// The sessions of this pod, and closing one.

import { button, el } from "../../element.ts";
import type { Page } from "../api-client.ts";
import { outcome, perform } from "../action.ts";
import { bytes } from "../figures.ts";
import { filterForm } from "../filters.ts";
import { list } from "../list.ts";
import { hashOf } from "../place.ts";
import { duration } from "../rows.ts";
import type { Section } from "../section.ts";

/** Refresh interval, in milliseconds. */
const EVERY_MS = 3000;

/** A row of `/admin/sessions`. */
interface Session {
  key: number;
  conversation: string;
  address: string | null;
  product: string | null;
  product_name: string | null;
  agent: string | null;
  answering: boolean;
  queue_bytes: number;
  connected_ms: number;
}

export const sessions: Section = {
  open: (desk) => {
    const { i18n, call } = desk;
    const fields = filterForm(desk, [{ name: "text", word: "admin_sessions_text", as: "search" }]);
    const result = outcome();

    const close = (latest: () => Session): HTMLButtonElement => {
      const pressed = button({ class: "action" }, () => {
        const { key, conversation } = latest();
        void perform(desk, {
          pressed,
          result,
          question: {
            title: i18n.t("admin_session_close_title", { key }),
            why: i18n.t("admin_session_close_why", { conversation }),
            yes: i18n.t("admin_session_close_yes"),
          },
          does: () => call.post(`/admin/sessions/${key}/close`),
          success: () => i18n.t("admin_session_closed", { key }),
        }).then(desk.look);
      }, i18n.t("admin_session_close"));
      pressed.setAttribute("aria-label", `${i18n.t("admin_session_close")} ${latest().key}`);
      return pressed;
    };
    const conversation = (latest: () => Session): HTMLElement => {
      const { conversation: id } = latest();
      const words = el("bdi", { dir: "ltr" }, id);
      return desk.has("conversations") ? el("a", { href: hashOf({ section: "conversations", id }) }, words) : words;
    };

    const shown = list<Session>(
      desk,
      {
        caption: i18n.t("admin_sessions_title"),
        key: ({ key }) => String(key),
        empty: "admin_sessions_none",
        columns: [
          { name: "key", word: "admin_session_key", as: "code", text: ({ key }) => String(key) },
          { name: "conversation", word: "admin_conversation", as: "code", make: (latest) => ({ element: conversation(latest) }) },
          { name: "product", word: "admin_product", text: ({ product, product_name }) => product_name ?? product ?? "–" },
          { name: "agent", word: "admin_agent", text: ({ agent }) => agent ?? "–" },
          { name: "address", word: "admin_address", as: "code", text: ({ address }) => address ?? "–" },
          { name: "connected", word: "admin_connected", as: "number", text: (it) => duration(it.connected_ms, i18n.language) },
          { name: "answering", word: "admin_is_answering", text: ({ answering }) => i18n.t(answering ? "admin_yes" : "admin_not") },
          { name: "queue", word: "admin_queue", as: "number", text: ({ queue_bytes }) => bytes(queue_bytes, i18n.language) },
          { name: "does", word: "admin_does", make: (latest) => ({ element: close(latest) }) },
        ],
      },
      (after) => call.get<Page<Session>>("/admin/sessions", { text: desk.place().filters.text, after }),
    );
    return {
      element: el("div", {}, fields.element, result.element, shown.element),
      everyMs: EVERY_MS,
      look: () => shown.look(),
      went: ({ filters }) => {
        fields.draw(filters);
        shown.begin();
      },
    };
  },
};
