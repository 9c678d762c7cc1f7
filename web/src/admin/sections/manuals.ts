// The state of each product's manual on this pod, and fetching one again.

import { button, el, fill } from "../../element.ts";
import type { TeamWord } from "../../words/team.ts";
import type { Page } from "../api-client.ts";
import { outcome, perform } from "../action.ts";
import { bytes, moment, plainNumber } from "../figures.ts";
import { filterForm } from "../filters.ts";
import { list } from "../list.ts";
import type { Section } from "../section.ts";

/** Refresh interval, in milliseconds: each request reads the server's disk. */
const EVERY_MS = 5000;
/** Longest wait for a fetch, in milliseconds: the server replies after half a minute that it continues. */
const FETCH_MS = 45_000;

type State = "open" | "kept" | "unread" | "failed" | "none";

/** A row of `/admin/manuals`. */
interface Manual {
  product: string;
  name: string;
  brand: string;
  state: State;
  url: string | null;
  pages: number | null;
  pending_pages: readonly number[];
  unread_pages: readonly number[];
  /** Number of windows with vectors, and of all windows. */
  embedded: number | null;
  windows: number | null;
  bytes: number | null;
  fetched_at_ms: number | null;
  fault: string | null;
}

/** The state of the sentence encoder. Without it answers are found by words only. */
interface Encoder {
  state: "ready" | "missing" | "damaged" | "disabled";
  waiting: number;
}

interface Fetched {
  outcome: "opened" | "failed" | "opening";
  manual: Manual;
}

const STATES = {
  open: "admin_manual_open",
  kept: "admin_manual_kept",
  unread: "admin_manual_unread",
  failed: "admin_manual_failed",
  none: "admin_manual_none",
} as const satisfies Record<State, TeamWord>;

const ENCODERS = {
  ready: undefined,
  missing: "admin_encoder_missing",
  damaged: "admin_encoder_damaged",
  disabled: "admin_encoder_disabled",
} as const satisfies Record<Encoder["state"], TeamWord | undefined>;

export const manuals: Section = {
  open: (desk) => {
    const { i18n, call } = desk;
    const states = Object.entries(STATES).map(([value, word]) => ({ value, word }));
    const fields = filterForm(desk, [
      { name: "text", word: "admin_manuals_text", as: "search" },
      { name: "state", word: "admin_state", as: "select", options: [{ value: "", word: "admin_any" }, ...states] },
    ]);
    const result = outcome();
    const number = (n: number | null): string => (n === null ? "–" : plainNumber(n, i18n.language));

    const product = (latest: () => Manual): HTMLElement => {
      const { name, product, url } = latest();
      // A foreign address is shown as text: a page with permissions does not link to it.
      const where = url === null ? undefined : el("span", { class: "beneath" }, el("bdi", { dir: "ltr" }, url));
      return el("div", {}, el("bdi", {}, name), el("span", { class: "beneath" }, el("bdi", { dir: "ltr" }, product)), where);
    };
    const state = () => {
      const standing = el("span", { class: "standing" });
      return {
        element: standing,
        draw: (it: Manual) => {
          standing.textContent = i18n.t(STATES[it.state]);
        },
      };
    };
    const fetchAgain = (latest: () => Manual): HTMLButtonElement => {
      const pressed = button({ class: "action", "aria-label": `${i18n.t("admin_manual_fetch")}: ${latest().name}` }, () => {
        void perform(desk, {
          pressed,
          result,
          does: () => call.post<Fetched>(`/admin/manuals/${encodeURIComponent(latest().product)}/refetch`, undefined, { patience: FETCH_MS }),
          success: ({ outcome, manual }) => fetched(outcome, manual),
        }).then((answer) => {
          if (answer?.what === "seen" && answer.body.outcome === "failed") result.bad(fetched("failed", answer.body.manual));
          desk.look();
        });
      }, i18n.t("admin_manual_fetch"));
      return pressed;
    };
    function fetched(outcome: Fetched["outcome"], { name, pages, fault }: Manual): string {
      switch (outcome) {
        case "opened":
          return i18n.t("admin_manual_opened", { name, pages: number(pages) });
        case "failed":
          return i18n.t("admin_manual_not_opened", { name, fault: fault ?? "–" });
        case "opening":
          return i18n.t("admin_manual_opening", { name });
      }
    }

    const encoderNote = el("p", { class: "says", role: "status" });
    const drawEncoder = ({ state, waiting }: Encoder): void => {
      const word = ENCODERS[state];
      const embedding = waiting === 0 ? "" : i18n.t("admin_encoder_waiting", { n: number(waiting) });
      const text = word === undefined ? embedding : i18n.t(word);
      if (encoderNote.textContent !== text) encoderNote.textContent = text;
    };
    const pagesCell = (): { element: HTMLElement; draw: (it: Manual) => void } => {
      const [count, rest] = [el("span"), el("span", { class: "beneath" })];
      return {
        element: el("div", {}, count, rest),
        draw: ({ pages, pending_pages: pending, unread_pages: unread }) => {
          count.textContent = number(pages);
          const notes = [
            pending.length > 0 ? i18n.t("admin_pages_pending", { n: number(pending.length) }) : "",
            unread.length > 0 ? i18n.t("admin_pages_unread", { n: number(unread.length) }) : "",
          ];
          rest.textContent = notes.filter((note) => note !== "").join(", ");
        },
      };
    };
    const embedded = ({ embedded: done, windows }: Manual): string => {
      if (done === null || windows === null || windows === 0) return "–";
      return i18n.t("admin_embedded_part", { n: number(Math.floor((100 * done) / windows)) });
    };

    const shown = list<Manual>(
      desk,
      {
        caption: i18n.t("admin_manuals"),
        key: (it) => it.product,
        state: (it) => it.state,
        empty: "admin_manuals_none",
        columns: [
          { name: "product", word: "admin_product", make: (latest) => ({ element: product(latest) }) },
          { name: "brand", word: "admin_brand", text: ({ brand }) => brand },
          { name: "state", word: "admin_state", make: state },
          { name: "pages", word: "admin_pages", as: "number", make: pagesCell },
          { name: "embedded", word: "admin_embedded", as: "number", text: embedded },
          { name: "bytes", word: "admin_size", as: "number", text: (it) => (it.bytes === null ? "–" : bytes(it.bytes, i18n.language)) },
          { name: "fetched", word: "admin_fetched", text: (it) => (it.fetched_at_ms === null ? "–" : moment(it.fetched_at_ms, i18n.language)) },
          { name: "fault", word: "admin_fault", text: ({ fault }) => fault ?? "–" },
          {
            name: "does",
            word: "admin_does",
            make: (latest) => {
              const place = el("div");
              const pressed = fetchAgain(latest);
              return {
                element: place,
                // A product without a manual has nothing to fetch.
                draw: (it) => {
                  const has = it.state !== "none";
                  if (place.contains(pressed) !== has) fill(place, has ? pressed : undefined);
                },
              };
            },
          },
        ],
      },
      async (after) => {
        const { text, state } = desk.place().filters;
        const answer = await call.get<Page<Manual> & { encoder: Encoder }>("/admin/manuals", { text, state, after });
        if (answer.what === "seen") drawEncoder(answer.body.encoder);
        return answer;
      },
    );
    return {
      element: el("div", {}, fields.element, encoderNote, result.element, shown.element),
      everyMs: EVERY_MS,
      look: () => shown.look(),
      went: ({ filters }) => {
        fields.draw(filters);
        shown.begin();
      },
    };
  },
};
