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
  const { voice, call } = desk;
  const number = new Intl.NumberFormat(voice.language);
  const told = outcome();
  const says = el("p", { class: "says", role: "status" });
  const testAll = button({ class: "action" }, () => void test(testAll), voice.say("admin_test_all"));
  const endpoints = table<Endpoint>(voice, {
    caption: voice.say("admin_endpoints"),
    columns: [
      { name: "url", word: "admin_endpoint", as: "code", say: (it) => it.url },
      { name: "events", word: "admin_events", as: "code", say: (it) => it.events.join(", ") },
      { name: "delivered", word: "admin_delivered", as: "number", say: (it) => number.format(it.delivered) },
      { name: "failed", word: "admin_failed_tries", as: "number", say: (it) => number.format(it.failed) },
      { name: "waiting", word: "admin_deliveries_waiting", as: "number", say: (it) => number.format(it.waiting) },
      { name: "dead", word: "admin_dead_letters", as: "number", say: (it) => (it.dead === undefined ? "–" : number.format(it.dead)) },
      { name: "does", word: "admin_test", make: (latest) => testCell(latest) },
    ],
    key: (it) => it.url,
    empty: "admin_no_endpoints",
  });
  const letters = list<Letter>(
    desk,
    {
      caption: voice.say("admin_dead_letters"),
      columns: [
        { name: "event", word: "admin_event", as: "code", say: (it) => it.event },
        { name: "endpoint", word: "admin_endpoint", as: "code", say: (it) => it.endpoint },
        { name: "at", word: "admin_when", say: (it) => momentOf(voice, it.at_ms) },
        { name: "attempts", word: "admin_attempts", as: "number", say: (it) => number.format(it.attempts) },
        { name: "error", word: "admin_last_error", say: (it) => it.last_error ?? "–" },
        { name: "body", word: "admin_body", make: () => bodyCell(voice.say("admin_show_body")) },
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
    told.element,
    el("section", { class: "part" }, el("div", { class: "part-head" }, el("h2", {}, voice.say("admin_endpoints")), testAll), says, endpoints.element),
    el("section", { class: "part" }, el("div", { class: "part-head" }, el("h2", {}, voice.say("admin_dead_letters"))), el("p", { class: "hint" }, voice.say("admin_dead_letters_why")), letters.element),
  );

  async function look(): Promise<Became> {
    const [answer, dead] = await Promise.all([call.get<{ endpoints: Endpoint[] }>("/admin/webhooks"), letters.look()]);
    says.textContent = answer.what === "seen" || answer.what === "lost" ? "" : why(voice, answer);
    testAll.hidden = answer.what !== "seen" || answer.body.endpoints.length === 0;
    if (answer.what === "seen") endpoints.draw(answer.body.endpoints);
    return answer.what === "seen" ? dead : answer.what;
  }

  /** Sends a test event to one endpoint, or to all. */
  async function test(pressed: HTMLButtonElement, url?: string): Promise<void> {
    const does = () => call.post<unknown>("/admin/webhooks/test", url === undefined ? {} : { url });
    await perform(desk, { pressed, told, does, said: () => voice.say("admin_tested") });
    desk.look();
  }

  function testCell(latest: () => Endpoint) {
    const pressed = button({ class: "action" }, () => void test(pressed, latest().url), voice.say("admin_test"));
    const draw = (it: Endpoint): void => {
      pressed.setAttribute("aria-label", voice.say("admin_test_of", { url: it.url }));
      // Deliveries of an endpoint that is not in the settings only wait.
      pressed.hidden = it.events.length === 0;
    };
    return { element: pressed, draw };
  }

  function letterCell(latest: () => Letter) {
    const path = (): string => `/admin/webhooks/dead-letters/${encodeURIComponent(latest().id)}`;
    const again = button({ class: "action" }, () => {
      const does = () => call.post<unknown>(`${path()}/retry`);
      void perform(desk, { pressed: again, told, does, said: () => voice.say("admin_retried") }).then(() => {
        desk.look();
      });
    }, voice.say("admin_retry"));
    const discard = button({ class: "action" }, () => {
      const question = { title: voice.say("admin_discard_title"), why: voice.say("admin_discard_why"), yes: voice.say("admin_discard_yes") };
      void perform(desk, { pressed: discard, told, question, does: () => call.delete(path()), said: () => voice.say("admin_discarded") }).then(() => {
        desk.look();
      });
    }, voice.say("admin_discard"));
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
