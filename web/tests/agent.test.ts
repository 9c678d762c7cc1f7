// The agents' console against a real server: agents in separate pages, visitors over real sockets.

import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { eventually, type Server } from "./server.ts";
import { PRODUCT, QUESTION, Team, type Visitor } from "./team.ts";

/** A PNG of one pixel. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

let team: Team;
let server: Server;

beforeAll(async () => {
  team = await Team.start();
  ({ server } = team);
});
afterAll(() => team.stop());

const agent = (who: string, options: BrowserContextOptions = {}) => team.agent(who, options);
const come = (name: string, locale = "en"): Promise<Visitor> => team.visitor(name, locale);
const field = (page: Page) => page.locator(".desk-composer textarea");
const ticket = (page: Page, words: string) => page.locator(".ticket", { hasText: words });
const said = (page: Page, words: string) => page.locator(".item:not([data-stage])", { hasText: words });

test("an agent takes whoever waits, talks, notes, drafts, hands over; the colleague gives it back", async () => {
  const { page: yael, wrong } = await agent("yael");
  const { page: noam } = await agent("noam");
  const visitor = await come("dana");
  await visitor.say({ type: "query", product_id: PRODUCT, query: QUESTION, scenario: "general" });
  await visitor.hears("final_answer");
  await visitor.say({ type: "handoff", reason: "It does not begin <b>at all</b>" });
  await ticket(yael, "It does not begin <b>at all</b>").waitFor();
  await eventually("the title counts", async () => (await yael.title()).startsWith("(1)"));
  await yael.keyboard.press("j");
  await said(yael, QUESTION).waitFor();
  expect(await yael.locator(".item[data-kind=answer] .cite").first().getAttribute("href")).toContain(`/manuals/${PRODUCT}#page=`);
  expect(await findings(yael)).toEqual([]);

  // Both see it; the first to take it has it, the other gets a notice.
  await ticket(noam, "Kettleby").click();
  await yael.keyboard.press("t");
  await yael.locator("[data-action=hand]").waitFor();
  await noam.getByText("Yael has this conversation").waitFor();
  await visitor.hears("agent_joined");

  await field(yael).pressSequentially("Hello,");
  await visitor.hears("agent_typing");
  await field(yael).press("Shift+Enter");
  await field(yael).pressSequentially("I am <i>Yael</i>.");
  await field(yael).press("Enter");
  await said(yael, "I am <i>Yael</i>.").waitFor();
  await visitor.hears("Hello,\\nI am <i>Yael</i>.");
  await visitor.say({ type: "typing", content: "it bl" });
  await yael.getByText("The visitor is typing…").waitFor();
  await visitor.say({ type: "message", content: "It blinks red." });
  await said(yael, "It blinks red.").waitFor();
  await said(noam, "It blinks red.").waitFor();

  await field(yael).press("Alt+n");
  await field(yael).fill("Was here last week too.");
  await field(yael).press("Enter");
  await noam.locator(".item[data-kind=note]", { hasText: "Was here last week too." }).waitFor();
  await field(yael).press("Alt+n");

  await field(yael).press("Alt+d");
  await yael.locator(".draft-rests .cite").first().waitFor();
  expect(await field(yael).inputValue()).toMatch(/\[MANUAL: page \d+\]/);
  expect(await findings(yael)).toEqual([]);
  await field(yael).press("Control+End");
  await field(yael).pressSequentially(" Like this.");
  await field(yael).press("Enter");
  await said(yael, "Like this.").locator(".cite").first().waitFor();
  await eventually("the visitor gets the pages", async () =>
    (await visitor.heard()).some((one) => one.type === "message" && one.from === "agent" && (one.citations?.length ?? 0) > 0),
  );
  expect(JSON.stringify(await visitor.heard())).not.toContain("last week");

  await yael.locator("[data-action=hand]").click();
  await yael.locator(".colleague", { hasText: "Noam" }).click();
  await visitor.hears('"name":"Noam"');
  await noam.getByRole("tab", { name: /Mine/ }).click();
  await ticket(noam, "Kettleby").click();
  await noam.locator("[data-action=give_back]").click();
  await visitor.hears('"state":"returned"');
  await noam.getByText("Back with the assistant").first().waitFor();
  await visitor.leave();
  expect(wrong).toEqual([]);
});

test("of two agents who take at the same time one has it and the other is told whose it is", async () => {
  const [yael, noam] = await Promise.all([agent("yael"), agent("noam")]);
  const visitor = await come("gil");
  await visitor.say({ type: "handoff", reason: "Gil waits" });
  for (const { page } of [yael, noam]) await ticket(page, "Gil waits").click();
  for (const { page } of [yael, noam]) await page.locator("[data-action=take]").waitFor();
  await Promise.all([yael, noam].map(({ page }) => page.keyboard.press("t")));
  await visitor.hears("agent_joined");
  const joined = (await visitor.heard()).find((one) => one.type === "agent_joined")?.agent.name ?? "";
  const [winner, other] = joined === "Yael" ? [yael.page, noam.page] : [noam.page, yael.page];
  await winner.locator("[data-action=hand]").waitFor();
  await other.getByText(`${joined} has this conversation`).first().waitFor();
  expect(await other.locator("[data-action=hand]").count()).toBe(0);
  expect(await other.locator(".mode", { hasText: "Reply" }).isDisabled()).toBe(true);

  // Canned replies: created in the dialog, found by a slash, filled in, deleted.
  const manage = winner.getByRole("button", { name: "Canned replies" });
  await manage.click();
  await winner.getByLabel("Shortcut, typed after a slash").fill("hello");
  await winner.getByLabel("Text", { exact: true }).fill("Hello {visitor}, I am here.");
  await winner.getByRole("button", { name: "Add the reply" }).click();
  await winner.locator(".replies", { hasText: "/hello" }).waitFor();
  expect(await findings(winner)).toEqual([]);
  await winner.keyboard.press("Escape");
  await field(winner).pressSequentially("/hel");
  await winner.getByRole("option", { name: "/hello" }).waitFor();
  await field(winner).press("Enter");
  expect(await field(winner).inputValue()).toBe("Hello, I am here.");
  await field(winner).press("Enter");
  await visitor.hears("Hello, I am here.");
  await manage.click();
  await winner.getByRole("button", { name: "Delete /hello" }).click();
  await winner.locator(".replies").waitFor({ state: "hidden" });
});

test("what is written while the server is away is not lost, and everything is there again after", async () => {
  const { page: yael } = await agent("yael");
  const visitor = await come("omer");
  await visitor.say({ type: "handoff", reason: "Omer waits" });
  await ticket(yael, "Omer waits").click();
  await yael.locator("[data-action=take]").click();
  await yael.locator("[data-action=hand]").waitFor();
  await server.kill();
  await yael.getByText("The connection is lost.").waitFor();
  await field(yael).fill("Are you still there?");
  await field(yael).press("Enter");
  await yael.getByText("Not sent.").waitFor();
  await field(yael).fill("Half a thought");
  await server.run();
  await yael.locator("#agent[data-link=back], #agent[data-link=open]").waitFor();
  expect(await field(yael).inputValue()).toBe("Half a thought");
  await yael.getByRole("button", { name: "Edit" }).click();
  expect(await field(yael).inputValue()).toBe("Are you still there?\n\nHalf a thought");
  await yael.reload();
  await yael.locator("#agent[data-link=open]").waitFor();
  expect(await yael.evaluate(() => JSON.stringify(sessionStorage))).toContain("Are you still there?");

  // An agent who is signed out elsewhere is signed out here too.
  await yael.evaluate(async () => {
    const { csrf } = (await (await fetch("/api/me")).json()) as { csrf: string };
    const headers = { "content-type": "application/json", "x-csrf-token": csrf };
    await fetch("/api/sign-out", { method: "POST", headers, body: JSON.stringify({ everywhere: true }) });
  });
  await yael.waitForURL(`${server.address}/sign-in?next=/agent`);
});

test("the desk runs from right to left, in a narrow and dark window, and closing is asked once", async () => {
  const options = { locale: "he-IL", colorScheme: "dark", viewport: { width: 390, height: 780 } } as const;
  const { page: ada, wrong } = await agent("ada", options);
  const visitor = await come("rina", "he");
  await visitor.say({ type: "handoff", reason: "הנורה לא נדלקת" });
  expect(await ada.locator("html").getAttribute("dir")).toBe("rtl");
  expect(await findings(ada)).toEqual([]);
  await ticket(ada, "הנורה לא נדלקת").click();
  await ada.getByRole("button", { name: "לקיחה" }).click();
  await field(ada).fill("שלום רינה");
  await field(ada).press("Enter");
  await visitor.hears("שלום רינה");
  expect(await findings(ada)).toEqual([]);

  // A picture, once the server has it.
  await ada.locator(".desk-composer input[type=file]").setInputFiles({ name: "a.png", mimeType: "image/png", buffer: PICTURE });
  await ada.locator(".attached img").waitFor();
  await field(ada).press("Enter");
  await eventually("the picture is shown", () => ada.locator(".item[data-from=agent] .picture").evaluate((it) => (it as HTMLImageElement).naturalWidth === 1));
  await visitor.hears('"upload":"');

  await ada.locator("[data-action=close]").click();
  await ada.locator("dialog .action:not(.main)").click();
  await ada.locator("[data-action=close]").click();
  await ada.locator("dialog .action.main").click();
  await visitor.hears('"state":"closed"');
  await ada.locator(".to-list").click();
  await ada.getByRole("switch").click();
  await ada.getByRole("switch", { checked: false }).waitFor();
  await ada.locator(".tabs").waitFor({ state: "visible" });
  await ada.getByRole("link", { name: "ניהול" }).waitFor();
  expect(wrong).toEqual([]);
});
