// The webhook endpoints, their deliveries, and the dead letters.

import { button, el } from "../../element.ts";
import type { Endpoint, Letter } from "../../wire/past.ts";
import type { Became, Page } from "../api-client.ts";
import { outcome, perform } from "../action.ts";
import { list } from "../list.ts";
import { momentOf } from "../past/moment.ts";
import { type Desk, type Opened, type Section, why } from "../section.ts";
import { table } from "../table.ts";

/** Refresh interval, in milliseconds: deliveries take seconds and more. */
const EVERY_MS = 5000;

export const webhooks: Section = { open };

function open(desk: Desk): Opened {
  const { i18n, call } = desk;
  const number = new Intl.NumberFormat(i18n.language);
  const result = outcome();
  const status = el("p", { class: "says", role: "status" });
  const testAll = button({ class: "action" }, () => void test(testAll), i18n.t("admin_test_all"));
  const endpoints = table<Endpoint>(i18n, {
    caption: i18n.t("admin_endpoints"),
    columns: [
      { name: "url", word: "admin_endpoint", as: "code", text: (it) => it.url },
      { name: "events", word: "admin_events", as: "code", text: (it) => it.events.join(", ") },
      { name: "delivered", word: "admin_delivered", as: "number", text: (it) => number.format(it.delivered) },
      { name: "failed", word: "admin_failed_tries", as: "number", text: (it) => number.format(it.failed) },
      { name: "waiting", word: "admin_deliveries_waiting", as: "number", text: (it) => number.format(it.waiting) },
      { name: "dead", word: "admin_dead_letters", as: "number", text: (it) => (it.dead === undefined ? "–" : number.format(it.dead)) },
      { name: "does", word: "admin_test", make: (latest) => testCell(latest) },
    ],
    key: (it) => it.url,
    empty: "admin_no_endpoints",
  });
  const deadLetters = list<Letter>(
    desk,
    {
      caption: i18n.t("admin_dead_letters"),
      columns: [
        { name: "event", word: "admin_event", as: "code", text: (it) => it.event },
        { name: "endpoint", word: "admin_endpoint", as: "code", text: (it) => it.endpoint },
        { name: "at", word: "admin_when", text: (it) => momentOf(i18n, it.at_ms) },
        { name: "attempts", word: "admin_attempts", as: "number", text: (it) => number.format(it.attempts) },
        { name: "error", word: "admin_last_error", text: (it) => it.last_error ?? "–" },
        { name: "body", word: "admin_body", make: () => bodyCell(i18n.t("admin_show_body")) },
        { name: "does", word: "admin_what_to_do", make: (latest) => letterCell(latest) },
      ],
      key: (it) => it.id,
      empty: "admin_no_dead_letters",
    },
    (after) => call.get<Page<Letter>>("/admin/webhooks/dead-letters", { after }),
  );
  const element = el(
    "div",
    { class: "past" },
    result.element,
    el("section", { class: "part" }, el("div", { class: "part-head" }, el("h2", {}, i18n.t("admin_endpoints")), testAll), status, endpoints.element),
    el("section", { class: "part" }, el("div", { class: "part-head" }, el("h2", {}, i18n.t("admin_dead_letters"))), el("p", { class: "hint" }, i18n.t("admin_dead_letters_why")), deadLetters.element),
  );

  async function look(): Promise<Became> {
    const [answer, dead] = await Promise.all([call.get<{ endpoints: Endpoint[] }>("/admin/webhooks"), deadLetters.look()]);
    status.textContent = answer.what === "seen" || answer.what === "lost" ? "" : why(i18n, answer);
    testAll.hidden = answer.what !== "seen" || answer.body.endpoints.length === 0;
    if (answer.what === "seen") endpoints.draw(answer.body.endpoints);
    return answer.what === "seen" ? dead : answer.what;
  }

  /** Sends a test event to one endpoint, or to all. */
  async function test(pressed: HTMLButtonElement, url?: string): Promise<void> {
    const does = () => call.post<unknown>("/admin/webhooks/test", url === undefined ? {} : { url });
    await perform(desk, { pressed, result, does, success: () => i18n.t("admin_tested") });
    desk.look();
  }

  function testCell(latest: () => Endpoint) {
    const pressed = button({ class: "action" }, () => void test(pressed, latest().url), i18n.t("admin_test"));
    const draw = (it: Endpoint): void => {
      pressed.setAttribute("aria-label", i18n.t("admin_test_of", { url: it.url }));
      // Deliveries of an endpoint that is not in the settings only wait.
      pressed.hidden = it.events.length === 0;
    };
    return { element: pressed, draw };
  }

  function letterCell(latest: () => Letter) {
    const path = (): string => `/admin/webhooks/dead-letters/${encodeURIComponent(latest().id)}`;
    const again = button({ class: "action" }, () => {
      const does = () => call.post<unknown>(`${path()}/retry`);
      void perform(desk, { pressed: again, result, does, success: () => i18n.t("admin_retried") }).then(() => {
        desk.look();
      });
    }, i18n.t("admin_retry"));
    const discard = button({ class: "action" }, () => {
      const question = { title: i18n.t("admin_discard_title"), why: i18n.t("admin_discard_why"), yes: i18n.t("admin_discard_yes") };
      void perform(desk, { pressed: discard, result, question, does: () => call.delete(path()), success: () => i18n.t("admin_discarded") }).then(() => {
        desk.look();
      });
    }, i18n.t("admin_discard"));
    return { element: el("div", { class: "does" }, again, discard) };
  }

  return { element, look, everyMs: EVERY_MS };
}

/** The body of a delivery, collapsed: it can be long. */
function bodyCell(words: string) {
  const text = el("pre", { dir: "ltr", tabindex: "0" });
  return {
    element: el("details", {}, el("summary", {}, words), text),
    draw: (it: Letter) => {
      if (text.textContent !== it.body) text.textContent = it.body;
    },
  };
}
