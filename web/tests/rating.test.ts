// Ratings and transcripts, against a real server with an archive and an agent.

import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Download, Locator, Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findings } from "./axe.ts";
import { network } from "./network.ts";
import { eventually, foreignPage, launch, open, Server } from "./server.ts";
import { temporaryFolder } from "./temporary.ts";

const PASSWORD = "a tame yak sat over";
const QUESTION = "How do I descale the machine?";
const PRODUCT = "kettleby-ke-9";
const binary = process.env.HSC_BIN ?? fileURLToPath(new URL("../../target/debug/hsc", import.meta.url));
const archive = { HSC__ARCHIVE__PATH: join(temporaryFolder(), "archive.sqlite") };

let server: Server;
let browser: Browser;

beforeAll(async () => {
  const add = ["user", "add", "yael@example.test", "--name", "Yael", "--role", "agent"];
  execFileSync(binary, add, { env: { ...process.env, ...archive }, input: `${PASSWORD}\n`, timeout: 60_000 });
  [server, browser] = await Promise.all([Server.start(archive), launch()]);
});
afterAll(async () => {
  await browser.close();
  await server.kill();
});

const named = (page: Page | Locator, name: string | RegExp) => page.getByRole("button", { name });

async function ask(page: Page | Locator): Promise<void> {
  const question = page.getByRole("textbox", { name: "Your question" });
  await question.fill(QUESTION);
  await question.press("Enter");
  await page.locator(".turn:last-child[data-stage=done]").waitFor();
}

/** The conversation as stored by the page for a reload. */
function conversation(page: Page): Promise<string> {
  return page.evaluate(() => {
    const kept = sessionStorage.getItem(`hsc-chat ${location.origin}`) ?? "{}";
    return (JSON.parse(kept) as { before: { resume: { conversation: string } } }).before.resume.conversation;
  });
}

/** Waits until the archive has this text of the conversation. */
async function archived(id: string, ...what: RegExp[]): Promise<void> {
  await eventually(`the archive has ${what.join(" and ")}`, () => {
    const kept = execFileSync(binary, ["privacy", "export", id], { env: { ...process.env, ...archive }, encoding: "utf8", timeout: 60_000 });
    return what.every((one) => one.test(kept));
  });
}

async function text(download: Download): Promise<string> {
  return readFile(await download.path(), "utf8");
}

test("an answer is judged and told why, over a reload, and a thumb without a line is said when it is back", async () => {
  const wire = await network(server);
  const { page } = await open(browser, `${wire.address}/?product=${PRODUCT}`, { bypassCSP: true });
  await ask(page);
  const [up, down] = [named(page, "This helped"), named(page, "This did not help")];
  expect(await up.getAttribute("aria-pressed")).toBe("false");
  await down.focus();
  await page.keyboard.press("Enter");
  const why = page.getByRole("textbox", { name: "What was wrong or missing?" });
  await why.waitFor();
  expect(await down.getAttribute("aria-pressed")).toBe("true");
  expect(await findings(page)).toEqual([]);
  await why.fill("<b>Which</b> salt?");
  await why.press("Enter");
  await page.getByText("Thank you for the feedback.").waitFor();
  expect(await down.evaluate((button) => button === document.activeElement), "the focus is not lost").toBe(true);
  const id = await conversation(page);
  await archived(id, /"thumb":\s*"down"/, /<b>Which<\/b> salt\?/);

  await page.reload();
  await page.locator(".turn[data-stage=done]").waitFor();
  expect(await down.getAttribute("aria-pressed")).toBe("true");
  expect(await conversation(page)).toBe(id);

  wire.rip();
  await page.getByText("The connection is lost").waitFor();
  await up.click();
  expect([await up.getAttribute("aria-pressed"), await down.getAttribute("aria-pressed")]).toEqual(["true", "false"]);
  await page.keyboard.press("Tab");
  await page.getByRole("textbox", { name: "What helped?" }).press("Escape");
  await page.getByText("not saved yet").waitFor();
  expect(await page.getByText("Thank you for the feedback.").count(), "nobody has it yet").toBe(0);
  wire.mend();
  await page.getByText("Connected again").waitFor();
  await page.getByText("Thank you for the feedback.").waitFor();
  await archived(id, /"thumb":\s*"up"/);
  wire.close();
});

test("a conversation is ended, rated by the keyboard, downloaded, and begun anew", async () => {
  const { page, wrong } = await open(browser, `${server.address}/?product=${PRODUCT}`, { bypassCSP: true });
  await page.getByText("Made in").waitFor();
  expect(await named(page, "End conversation").count(), "with nothing said there is nothing to end").toBe(0);
  await ask(page);
  const [early] = await Promise.all([page.waitForEvent("download"), named(page, "Save conversation").click()]);
  expect(early.suggestedFilename()).toBe("conversation.txt");
  expect(await text(early)).toContain(QUESTION);
  await page.getByText("Saved as conversation.txt").waitFor();
  const id = await conversation(page);

  await named(page, "End conversation").focus();
  await page.keyboard.press("Enter");
  const marks = page.getByRole("radio");
  await marks.first().waitFor();
  await page.locator(".entry").getByText("The conversation was closed.").waitFor();
  expect(await marks.first().evaluate((mark) => mark === document.activeElement), "the focus goes on").toBe(true);
  expect(await page.getByRole("textbox", { name: "Your question" }).count()).toBe(0);
  expect(await named(page, "Ask again").count()).toBe(0);
  await named(page, "Send").click();
  await page.getByRole("alert").getByText("Choose a number").waitFor();
  await page.keyboard.press("Space");
  for (let times = 0; times < 3; times++) await page.keyboard.press("ArrowRight");
  expect(await page.getByRole("radio", { name: "4 of 5, Good" }).isChecked()).toBe(true);
  await page.getByRole("textbox", { name: "Anything to add?" }).fill("Quick & <i>clear</i>.");
  expect(await findings(page)).toEqual([]);
  await named(page, "Send").click();
  await page.getByText("Thank you for the rating.").waitFor();
  await archived(id, /"rating":\s*4/, /Quick & <i>clear<\/i>\./);
  expect(await findings(page)).toEqual([]);

  await page.reload();
  await page.getByText("Thank you for the rating.").waitFor();
  await named(page, "New conversation").click();
  await ask(page);
  expect(await page.locator(".turn").count()).toBe(1);
  await eventually("it is another conversation", async () => (await conversation(page)) !== id);
  await page.reload();
  await page.locator(".turn").waitFor();
  expect(await page.locator(".entry").getByText("The conversation was closed.").count()).toBe(0);
  expect(wrong).toEqual([]);
});

test("with a person there it is asked once, and who closes it does not matter for the rating", async () => {
  const { page: yael } = await open(browser, `${server.address}/agent`);
  await yael.locator("input[type=email]").fill("yael@example.test");
  await yael.locator("input[type=password]").fill(PASSWORD);
  await yael.keyboard.press("Enter");
  await yael.locator("#agent[data-link=open]").waitFor();
  const { page } = await open(browser, `${server.address}/?product=${PRODUCT}`, { bypassCSP: true });

  const wish = async (): Promise<void> => {
    await page.locator(".handoff").getByRole("button", { name: "Talk to a person" }).click();
    await page.getByRole("textbox", { name: "What is it about?" }).press("Enter");
  };
  const take = async (): Promise<void> => {
    await yael.getByRole("tab", { name: /Waiting/ }).click();
    await yael.locator(".ticket").first().click();
    await yael.locator("[data-action=take]").click();
    await page.getByText("Yael is in this chat").waitFor();
  };
  await wish();
  await page.getByText("in the queue for a person").waitFor();
  await named(page, "End conversation").click();
  await page.getByText("You will lose your place in the queue.").waitFor();
  await named(page, "Continue").click();
  await take();
  await named(page, "End conversation").click();
  await page.getByText("Yael will leave it.").waitFor();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await named(page, "End conversation").click();
  await named(page, "End chat").click();
  await page.getByRole("radio", { name: "5 of 5, Very good" }).waitFor();
  const id = await conversation(page);
  await page.getByRole("radio", { name: "5 of 5, Very good" }).check({ force: true });
  await named(page, "Send").click();
  await page.getByText("Thank you for the rating.").waitFor();
  await archived(id, /"rating":\s*5/);

  await named(page, "New conversation").click();
  await wish();
  await take();
  await yael.locator("[data-action=close]").click();
  await yael.locator("dialog .action.main").click();
  await page.getByRole("radio", { name: "1 of 5, Bad" }).waitFor();
});

/** A page's connection to the server that drops acknowledgements and can be cut. */
class LossyLine {
  private isLossy = false;
  private cuts: (() => void)[] = [];

  async lay(page: Page): Promise<void> {
    await page.routeWebSocket(/\/ws(\/agent)?(\?.*)?$/, (route: WebSocketRoute) => {
      const far = route.connectToServer();
      route.onMessage((message) => {
        far.send(message);
      });
      far.onMessage((message) => {
        const isAck = typeof message === "string" && /"type":\s*"ack"/.test(message);
        if (!(this.isLossy && isAck)) route.send(message);
      });
      this.cuts.push(() => {
        void far.close();
        void route.close({ code: 3000, reason: "cut" });
      });
    });
  }

  losesAcknowledgements(): void {
    this.isLossy = true;
  }

  /** Ends the open connections; new ones are not filtered. */
  cut(): void {
    this.isLossy = false;
    const cuts = this.cuts;
    this.cuts = [];
    for (const one of cuts) one();
  }
}

/** How often the archive has this text of the conversation: in the rows, and in the events. */
function timesArchived(id: string, what: RegExp): [number, number] {
  const exported = execFileSync(binary, ["privacy", "export", id], { env: { ...process.env, ...archive }, encoding: "utf8", timeout: 60_000 });
  const { conversations, events } = JSON.parse(exported) as { conversations: unknown; events: unknown };
  const times = (of: unknown): number => JSON.stringify(of).match(what)?.length ?? 0;
  return [times(conversations), times(events)];
}

test("a thumb and a rating whose acknowledgement is lost with both lines are in the archive once, and are called saved only then", async () => {
  const { page: yael } = await open(browser, `${server.address}/agent`);
  const [agentLine, line] = [new LossyLine(), new LossyLine()];
  await agentLine.lay(yael);
  await yael.locator("input[type=email]").fill("yael@example.test");
  await yael.locator("input[type=password]").fill(PASSWORD);
  await yael.keyboard.press("Enter");
  await yael.locator("#agent[data-link=open]").waitFor();
  const { page } = await open(browser, server.address, { bypassCSP: true });
  await line.lay(page);
  await page.goto(`${server.address}/?product=${PRODUCT}`);
  await ask(page);
  const id = await conversation(page);
  const cutBoth = async (): Promise<void> => {
    agentLine.cut();
    line.cut();
    await yael.locator("#agent[data-link=open]").waitFor();
  };

  line.losesAcknowledgements();
  await named(page, "This helped").click();
  await page.getByRole("textbox", { name: "What helped?" }).press("Escape");
  await page.getByText("not saved yet").waitFor();
  await archived(id, /"thumb":\s*"up"/);
  expect(await page.getByText("Thank you for the feedback.").count(), "the server has it, the page does not know").toBe(0);
  await cutBoth();
  await page.getByText("Thank you for the feedback.").waitFor();

  await page.locator(".handoff").getByRole("button", { name: "Talk to a person" }).click();
  await page.getByRole("textbox", { name: "What is it about?" }).press("Enter");
  await yael.getByRole("tab", { name: /Waiting/ }).click();
  await yael.locator(".ticket").first().click();
  await yael.locator("[data-action=take]").click();
  await page.getByText("Yael is in this chat").waitFor();
  await named(page, "End conversation").click();
  await named(page, "End chat").click();
  await page.getByRole("radio", { name: "4 of 5, Good" }).check({ force: true });
  line.losesAcknowledgements();
  await named(page, "Send").click();
  await page.getByText("not saved yet").waitFor();
  await archived(id, /"rating":\s*4/);
  expect(await page.getByText("Thank you for the rating.").count(), "nor that it has the rating").toBe(0);
  await cutBoth();
  await page.getByText("Thank you for the rating.").waitFor();

  // A later record: records are written in order.
  await named(page, "New conversation").click();
  await ask(page);
  await eventually("it is another conversation", async () => (await conversation(page)) !== id);
  await archived(await conversation(page), /descale/);
  expect(timesArchived(id, /"thumb":\s*"up"/g), "the thumb").toEqual([1, 1]);
  expect(timesArchived(id, /"rating":\s*4/g), "the rating").toEqual([1, 1]);
});

/** An external mail sender: receives the server's webhooks. */
async function postOffice(): Promise<{ host: string; told: string[]; close(): void }> {
  const told: string[] = [];
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", (piece: Buffer) => (body += piece.toString()));
    request.on("end", () => {
      told.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    told,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

test("where a webhook takes transcripts the visitor has one sent, or downloads it", async () => {
  const post = await postOffice();
  const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
  const sends = await Server.start({
    HSC__WEBHOOKS__ENDPOINTS: `[{url = "http://${post.host}/", events = ["transcript.requested"], secret = "${secret}"}]`,
    HSC__WEBHOOKS__ALLOWED_HOSTS: post.host,
  });
  const { page, wrong } = await open(browser, `${sends.address}/?product=${PRODUCT}`, { bypassCSP: true });
  await ask(page);
  await named(page, "Save conversation").click();
  const address = page.getByRole("textbox", { name: "email address" });
  await address.waitFor();
  expect(await findings(page)).toEqual([]);
  const [download] = await Promise.all([page.waitForEvent("download"), named(page, "Download as a text").click()]);
  expect(await text(download)).toContain(QUESTION);
  await page.getByText("Saved as conversation.txt").waitFor();

  await named(page, "Save conversation").click();
  await address.waitFor();
  await page.keyboard.press("Escape");
  await address.waitFor({ state: "detached" });
  expect(await named(page, "Save conversation").evaluate((button) => button === document.activeElement)).toBe(true);
  await page.keyboard.press("Enter");
  await address.fill("dana");
  await address.press("Enter");
  await page.getByRole("alert").getByText("Enter an email address").waitFor();
  await address.fill("dana@localhost");
  await address.press("Enter");
  await page.getByRole("alert").getByText("Enter an email address").waitFor();
  await address.fill("dana@example.test");
  await address.press("Enter");
  // The address is confirmed first: a stranger gets no text of the conversation.
  const code = page.getByRole("textbox", { name: "Code from the email to dana@example.test" });
  await code.waitFor();
  expect(await findings(page)).toEqual([]);
  await eventually("the post office has the code", () => post.told.length > 0);
  expect(post.told[0]).toContain('"dana@example.test"');
  expect(post.told[0]).not.toContain(QUESTION);
  await code.fill("AAAA-AAAA");
  await code.press("Enter");
  await page.getByRole("alert").getByText("The code is wrong").waitFor();
  await code.fill(/Your code is (\S{4}-\S{4})/.exec(post.told[0] ?? "")?.[1] ?? "no code");
  await code.press("Enter");
  await page.getByText("was sent to you").waitFor();
  await eventually("the post office has it", () => post.told.length > 1);
  expect(post.told[1]).toContain('"dana@example.test"');
  expect(post.told[1]).toContain(QUESTION);
  // The browser itself logs the refused address and the wrong code.
  expect(wrong.filter((what) => !what.includes("400") && !what.includes("403"))).toEqual([]);
  await sends.kill();
  post.close();
});

test("in the widget, under a strict policy of the page around it, all of it works", async () => {
  const foreign = await foreignPage(server, `data-language="en" data-product="${PRODUCT}"`);
  const { page, wrong } = await open(browser, foreign.address);
  await page.locator(".launcher").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Made in").waitFor();
  await ask(dialog);
  await named(dialog, "This helped").click();
  await dialog.getByRole("textbox", { name: "What helped?" }).press("Escape");
  await dialog.getByText("Thank you for the feedback.").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), named(dialog, "Save conversation").click()]);
  expect(await text(download)).toContain(QUESTION);
  await named(dialog, "End conversation").click();
  await dialog.getByRole("radio", { name: "3 of 5, Fair" }).check({ force: true });
  await named(dialog, "Send").click();
  await dialog.getByText("Thank you for the rating.").waitFor();
  expect(wrong).toEqual([]);
  foreign.close();
});

test("in Hebrew on a phone it reads from right to left and nothing scrolls sideways", async () => {
  const phone = { viewport: { width: 360, height: 740 }, locale: "he-IL", colorScheme: "dark", bypassCSP: true } as const;
  const { page } = await open(browser, `${server.address}/?product=${PRODUCT}`, phone);
  const question = page.getByRole("textbox", { name: "השאלה שלך" });
  await question.fill(QUESTION);
  await question.press("Enter");
  await page.locator(".turn[data-stage=done]").waitFor();
  await named(page, "זה לא עזר").click();
  await page.getByRole("textbox", { name: /מה היה שגוי/ }).waitFor();
  expect(await findings(page)).toEqual([]);
  await named(page, "סיום השיחה").click();
  const [first, last] = [page.locator(".mark").first(), page.locator(".mark").last()];
  await first.waitFor();
  const [right, left] = [await first.boundingBox(), await last.boundingBox()];
  expect(right?.x).toBeGreaterThan(left?.x ?? Infinity);
  expect(await findings(page)).toEqual([]);
  const sideways = await page.evaluate(() =>
    Math.max(...[document.documentElement, ...document.querySelectorAll(".scroll, .under")].map((one) => one.scrollWidth - one.clientWidth)),
  );
  expect(sideways).toBe(0);
});
