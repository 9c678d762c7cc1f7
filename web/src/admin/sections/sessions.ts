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
    const { voice, call } = desk;
    const fields = filterForm(desk, [{ name: "text", word: "admin_sessions_text", as: "search" }]);
    const told = outcome();

    const close = (latest: () => Session): HTMLButtonElement => {
      const pressed = button({ class: "action" }, () => {
        const { key, conversation } = latest();
        void perform(desk, {
          pressed,
          told,
          question: {
            title: voice.say("admin_session_close_title", { key }),
            why: voice.say("admin_session_close_why", { conversation }),
            yes: voice.say("admin_session_close_yes"),
          },
          does: () => call.post(`/admin/sessions/${key}/close`),
          said: () => voice.say("admin_session_closed", { key }),
        }).then(desk.look);
      }, voice.say("admin_session_close"));
      pressed.setAttribute("aria-label", `${voice.say("admin_session_close")} ${latest().key}`);
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
        caption: voice.say("admin_sessions_title"),
        key: ({ key }) => String(key),
        empty: "admin_sessions_none",
        columns: [
          { name: "key", word: "admin_session_key", as: "code", say: ({ key }) => String(key) },
          { name: "conversation", word: "admin_conversation", as: "code", make: (latest) => ({ element: conversation(latest) }) },
          { name: "product", word: "admin_product", say: ({ product, product_name }) => product_name ?? product ?? "–" },
          { name: "agent", word: "admin_agent", say: ({ agent }) => agent ?? "–" },
          { name: "address", word: "admin_address", as: "code", say: ({ address }) => address ?? "–" },
          { name: "connected", word: "admin_connected", as: "number", say: (it) => duration(it.connected_ms, voice.language) },
          { name: "answering", word: "admin_is_answering", say: ({ answering }) => voice.say(answering ? "admin_yes" : "admin_not") },
          { name: "queue", word: "admin_queue", as: "number", say: ({ queue_bytes }) => bytes(queue_bytes, voice.language) },
          { name: "does", word: "admin_does", make: (latest) => ({ element: close(latest) }) },
        ],
      },
      (after) => call.get<Page<Session>>("/admin/sessions", { text: desk.place().filters.text, after }),
    );
    return {
      element: el("div", {}, fields.element, told.element, shown.element),
      everyMs: EVERY_MS,
      look: () => shown.look(),
      went: ({ filters }) => {
        fields.draw(filters);
        shown.begin();
      },
    };
  },
};
