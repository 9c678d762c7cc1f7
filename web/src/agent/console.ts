// The console: connects the state, the socket, the HTTP requests, and the parts.

import { el, set } from "../element.ts";
import { clock, openSocket } from "../wire/browser.ts";
import { isSignedOut, type Me, signOut } from "../wire/team.ts";
import type { AgentMessage } from "../wire/types.ts";
import { type TeamI18n, teamI18nOf } from "../words/team.ts";
import { Alarm, noticesAre, notify } from "./alarm.ts";
import { banner } from "./banner.ts";
import { type Composer, composer } from "./composer.ts";
import { AgentConnection } from "./connection.ts";
import { details } from "./details.ts";
import { askClose, askColleague, manageReplies, showShortcuts } from "./dialogs.ts";
import { head } from "./head.ts";
import { deleteDrafts, keep, kept } from "./drafts.ts";
import { actionOf } from "./keys.ts";
import { emptyLibrary, grown, type Library, refreshed } from "./library.ts";
import { lists } from "./lists.ts";
import { type Alert, alertsOf } from "./alerts.ts";
import type { Actions, Part } from "./part.ts";
import { type Got, Requests } from "./requests.ts";
import { type Asked, beginning, concerns, type Action, isMine, isNoting, isTaking, listed, listOf, mayReply, reduce, released, shownTalk, type State, wanted } from "./state.ts";
import { talkHead } from "./talk.ts";
import { thread } from "./thread.ts";
import { tick } from "./times.ts";

export interface ConsoleOptions {
  root: HTMLElement;
  /** The bar of the frame, which contains the header. */
  bar: HTMLElement;
  server: URL;
  me: Me;
  language: string;
}

export interface Console {
  /** Changes the language; everything else stays. */
  speak(language: string): void;
}

/** How long "Connected again" is shown, in milliseconds. */
const BACK_MS = 4_000;
/** Interval of repeated typing reports, and how long one is valid, in milliseconds. */
const TYPING_AGAIN_MS = 3_000;
const TYPING_HOLDS_MS = 7_000;
/** How long changes of the archive are collected before its lists are reloaded, in milliseconds. */
const REFRESH_AFTER_MS = 300;
/** Pause after which a draft is stored, in milliseconds. */
const KEEP_AFTER_MS = 400;

export function mountConsole({ root, bar, server, me, language }: ConsoleOptions): Console {
  let state: State = Object.entries(kept(me.id)).reduce(
    (all, [conversation, { text, note, unsent }]) => reduce(all, { what: "kept", conversation, writing: { text, note }, outgoing: unsent }),
    beginning,
  );
  let library: Library = emptyLibrary;
  let i18n: TeamI18n = teamI18nOf(language);
  let view: View | undefined;
  let repliesShown: ((replies: Library["replies"]) => void) | undefined;
  const watched = new Set<string>();
  const requests = new Requests(server, me.csrf);
  const alarm = new Alarm();
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Number of the last message that waits for the desk's confirmation. */
  let holding = 0;
  /** Conversations of the archive that changed since the last reload; undefined if none did. */
  let changedPast: Set<string> | undefined;

  const connection = new AgentConnection({
    prefix: crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? "",
    open: () => openSocket(server, "/ws/agent"),
    clock,
    listener: {
      received: (message, id) => {
        const isFirst = state.me === undefined;
        dispatch({ what: "received", message, id });
        if (isFirst) reconnect();
        if (message.type === "archived") archiveChanged(message.conversations);
        // Changes of the archive during the loss were not announced.
        if (message.type === "desk" && !isFirst) archiveChanged([]);
        if (message.type === "visitor_typing" && message.typing) {
          later(`typing ${message.conversation}`, TYPING_HOLDS_MS, () => {
            dispatch({ what: "typingOver", conversation: message.conversation });
          });
        }
        if (message.type === "desk" && state.link === "back") {
          later("back", BACK_MS, () => {
            dispatch({ what: "toldBack" });
          });
        }
      },
      unanswered: (id) => {
        dispatch({ what: "unanswered", id });
      },
      lost: () => {
        watched.clear();
        dispatch({ what: "dropped" });
        // An expired session looks like an unreachable server, so ask the server.
        void isSignedOut(server).then((out) => {
          if (out) ended();
        });
      },
    },
  });

  const actions: Actions = {
    list: (list) => {
      dispatch({ what: "listed", list });
      if (list === "past" && library.past.stage !== "here") void past(true);
      if (list === "left") void readOfflineMessages(true);
    },
    show: (shown) => {
      dispatch({ what: "shown", shown });
      if (shown === undefined) view?.lists.focusShown();
      else if (shown.what === "talk" && isMine(state, shown.id)) view?.composer.focus();
      else view?.title.focus();
      if (shown?.what === "past" || shown?.what === "talk") void archived(shown.id, shown.what === "past");
    },
    pane: (pane) => {
      dispatch({ what: "pane", pane });
    },
    move,
    take: (conversation) => {
      if (!isTaking(state, conversation)) ask({ type: "take", conversation });
    },
    hand: (conversation) => {
      const others = state.agents.filter(({ agent }) => agent.id !== state.me?.id);
      askColleague(root, i18n, others, (to) => {
        ask({ type: "hand", conversation, to });
      });
    },
    giveBack: (conversation) => {
      ask({ type: "give_back", conversation });
    },
    close: (conversation) => {
      askClose(root, i18n, () => {
        ask({ type: "close", conversation });
      });
    },
    write: (conversation, text) => {
      dispatch({ what: "wrote", conversation, text });
      types(conversation, text.trim() !== "" && !isNoting(state, conversation));
    },
    note: (conversation, on) => {
      dispatch({ what: "noting", conversation, on });
      if (on) types(conversation, false);
    },
    send: (conversation) => {
      const writing = state.talks[conversation]?.writing;
      if (writing === undefined) return;
      const note = isNoting(state, conversation);
      if (!note && !mayReply(state, conversation)) {
        view?.composer.complain(i18n.t("agent_reply_kept"));
        return;
      }
      types(conversation, false);
      if (!note && !isMine(state, conversation)) {
        dispatch({ what: "said", conversation, key: `held-${++holding}`, isHeld: true });
        return;
      }
      const key = connection.ask(saying(conversation, note, writing.text.trim(), writing.upload));
      dispatch({ what: "said", conversation, key });
    },
    sayAgain: (conversation, key) => {
      const one = state.talks[conversation]?.outgoing.find((it) => it.key === key);
      if (one === undefined || state.link === "lost") return;
      const as = connection.ask(saying(conversation, one.note, one.content, one.upload));
      dispatch({ what: "saidAgain", conversation, key, as });
    },
    takeBack: (conversation, key) => {
      dispatch({ what: "takenBack", conversation, key });
      view?.composer.focus();
    },
    draft: (conversation) => {
      if (!isMine(state, conversation) || state.talks[conversation]?.writing.drafting !== undefined) return;
      dispatch({ what: "drafting", conversation, id: connection.ask({ type: "draft", conversation }) });
      view?.composer.focus();
    },
    dropDraft: (conversation) => {
      dispatch({ what: "draftDropped", conversation });
    },
    attach: (conversation, picture) => void attach(conversation, picture),
    detach: (conversation) => {
      dispatch({ what: "attached", conversation, upload: undefined });
    },
    search: (search) => {
      learn({ search });
      dispatch({ what: "listed", list: "past" });
      void past(true);
    },
    products: (typed) => requests.products(typed),
    more: (list) => void (list === "past" ? past(false) : readOfflineMessages(false)),
    available: (on) => {
      connection.ask({ type: "available", available: on });
    },
    sound: (on) => {
      alarm.turn(on);
      learn({ sound: on });
    },
    notify: () => {
      void Notification.requestPermission().then(() => {
        learn({ notices: noticesAre() });
      });
    },
    replies: () => {
      const then = (got: Got<unknown>): Got<unknown> => {
        if (got.is === "good") void replies();
        return answered(got);
      };
      repliesShown = manageReplies(root, i18n, library.replies, {
        put: async (reply) => then(await requests.putReply(reply)),
        remove: async (id) => then(await requests.removeReply(id)),
        products: (typed) => requests.products(typed),
      });
    },
    shortcuts: () => {
      showShortcuts(root, i18n);
    },
    signOut: () => void leave(),
    reconnect: () => {
      connection.connect();
    },
    seen: () => {
      dispatch({ what: "told", told: undefined });
    },
  };

  function dispatch(action: Action): void {
    const before = state;
    state = reduce(before, action);
    if (state === before) return;
    watch();
    view?.update(state, library);
    follow(before);
    release();
    for (const one of alertsOf(before, state)) alert(one);
    title();
    later("keep", KEEP_AFTER_MS, () => {
      if (state.link !== "ended") keep(me.id, state);
    });
  }

  /** Sends a request to the desk, and remembers it until the response. */
  function ask(says: Extract<AgentMessage, { type: Asked["action"] }>): void {
    const id = connection.ask(says);
    dispatch({ what: "asked", id, asked: { conversation: says.conversation, action: says.type } });
  }

  /** Sends the messages that waited for a conversation that the agent has now. */
  function release(): void {
    for (const { conversation, one } of released(state)) {
      const as = connection.ask(saying(conversation, one.note, one.content, one.upload));
      dispatch({ what: "saidAgain", conversation, key: one.key, as });
    }
  }

  /** Moves the focus to the next useful place when its element has gone; and updates the address. */
  function follow(before: State): void {
    const id = shownTalk(state);
    const hash = id === undefined ? "" : `#${id}`;
    if (before.shown !== state.shown && location.hash !== hash) history.replaceState(null, "", hash === "" ? location.pathname : hash);
    if (id === undefined || shownTalk(before) !== id || isMine(before, id) === isMine(state, id)) return;
    if (isMine(state, id)) view?.composer.focus();
    else if (document.activeElement === document.body) view?.title.focus();
  }

  /** Returns to the conversation that the page showed before its reload. */
  function reconnect(): void {
    const id = location.hash.slice(1);
    const ticket = state.tickets[id];
    if (ticket === undefined) return;
    dispatch({ what: "listed", list: listOf(state, ticket) });
    actions.show({ what: "talk", id });
  }

  function learn(change: Partial<Library>): void {
    library = { ...library, ...change };
    view?.update(state, library);
  }

  /** Watches exactly the wanted conversations. */
  function watch(): void {
    if (state.link !== "open" && state.link !== "back") return;
    const those = new Set(wanted(state));
    for (const conversation of watched) {
      if (those.has(conversation)) continue;
      watched.delete(conversation);
      connection.send({ type: "unwatch", conversation });
    }
    for (const conversation of those) {
      if (watched.has(conversation)) continue;
      watched.add(conversation);
      connection.ask({ type: "watch", conversation });
    }
  }

  function alert(news: Alert): void {
    switch (news.what) {
      case "arrived":
      case "handed": {
        const { ticket } = news;
        const who = ticket.visitor ?? i18n.t("agent_visitor");
        const body = i18n.t(news.what === "arrived" ? "agent_news_arrived" : "agent_news_handed", { name: who, product: ticket.product?.name ?? "" }).trim();
        view?.announce(body);
        if (!state.available && news.what === "arrived") return;
        alarm.sound("arrived");
        if (!state.attentive) {
          notify(body, ticket.reason ?? ticket.last ?? "", ticket.conversation, () => {
            actions.show({ what: "talk", id: ticket.conversation });
          });
        }
        return;
      }
      case "wrote": {
        const { conversation, text } = news;
        const who = state.tickets[conversation]?.visitor ?? i18n.t("agent_visitor");
        view?.announce(`${who}: ${text}`);
        if (news.isShown) return;
        alarm.sound("wrote");
        if (!state.attentive) {
          notify(who, text, conversation, () => {
            actions.show({ what: "talk", id: conversation });
          });
        }
        return;
      }
      case "told":
    }
  }

  function title(): void {
    const n = concerns(state);
    document.title = `${n > 0 ? `(${n}) ` : ""}${i18n.t("agent_title")} · HSC`;
  }

  /** Reports that the agent types: at the start, repeatedly, and at the end. */
  function types(conversation: string, typing: boolean): void {
    const again = `typing to ${conversation}`;
    const over = `typed to ${conversation}`;
    if (!typing || !isMine(state, conversation)) {
      if (timers.has(over)) connection.send({ type: "typing", conversation, typing: false });
      stop(again);
      stop(over);
      return;
    }
    if (!timers.has(again)) {
      connection.send({ type: "typing", conversation, typing: true });
      later(again, TYPING_AGAIN_MS, () => undefined);
    }
    later(over, TYPING_AGAIN_MS + 1_000, () => {
      connection.send({ type: "typing", conversation, typing: false });
      stop(again);
    });
  }

  function move(by: number): void {
    const ids = idsOf(state, library);
    if (ids.length === 0) return;
    const at = ids.indexOf(state.shown?.id ?? "");
    const to = ids[at === -1 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length];
    if (to !== undefined) actions.show({ what: state.list === "past" || state.list === "left" ? state.list : "talk", id: to });
  }

  async function attach(conversation: string, picture: File): Promise<void> {
    const { pictures } = library;
    if (pictures === undefined) return;
    if (!pictures.types.includes(picture.type)) {
      view?.composer.complain(i18n.t("agent_picture_kind"));
    } else if (picture.size > pictures.max_bytes) {
      view?.composer.complain(i18n.t("picture_large", { n: Math.floor(pictures.max_bytes / 1024 / 1024) }));
    } else {
      view?.composer.complain("");
      const got = answered(await requests.upload(conversation, picture));
      if (got.is === "good") dispatch({ what: "attached", conversation, upload: got.answer.id });
      else view?.composer.complain(got.is === "refused" && got.message !== "" ? got.message : i18n.t("agent_not_done"));
    }
  }

  async function replies(): Promise<void> {
    const got = answered(await requests.replies());
    if (got.is !== "good") return;
    learn({ replies: got.answer.items, hasReplies: true });
    repliesShown?.(got.answer.items);
  }

  async function past(isFirst: boolean): Promise<void> {
    const { search, past: list } = library;
    learn({ past: { ...list, stage: "asking" } });
    const got = answered(await requests.past(search, isFirst ? null : list.next));
    // Another search was started meanwhile.
    if (library.search !== search) return;
    learn({ past: got.is === "good" ? grown(list, got.answer, isFirst) : { ...list, stage: stageOf(got) } });
  }

  /** The archive has changed: these conversations, or more than are named. */
  function archiveChanged(conversations: readonly string[]): void {
    changedPast ??= new Set();
    for (const id of conversations) changedPast.add(id);
    if (conversations.length === 0) changedPast.add("");
    // Collected, and not delayed again by further changes.
    if (timers.has("archive")) return;
    later("archive", REFRESH_AFTER_MS, () => void refreshPast());
  }

  /** Reloads the shown parts of the archive that may have changed. */
  async function refreshPast(): Promise<void> {
    const changed = changedPast;
    changedPast = undefined;
    if (changed === undefined || state.link === "ended") return;
    const { shown } = state;
    // A conversation that was shown before its first archived event has no record yet.
    const wantsRecord = shown?.what === "past" || (shown?.what === "talk" && typeof library.archived[shown.id] !== "object");
    if (wantsRecord && (changed.has(shown.id) || changed.has(""))) void archived(shown.id, false);
    const { search, past: list } = library;
    if (list.stage === "here" || list.stage === "failed") {
      const got = answered(await requests.past(search, null));
      if (library.search === search && got.is === "good") learn({ past: refreshed(library.past, got.answer) });
    }
    if (state.list === "left" && library.left.stage === "here") {
      const got = answered(await requests.left(null));
      if (got.is === "good") learn({ left: refreshed(library.left, got.answer) });
    }
  }

  async function readOfflineMessages(isFirst: boolean): Promise<void> {
    const { left: list } = library;
    learn({ left: { ...list, stage: "asking" } });
    const got = answered(await requests.left(isFirst ? null : list.next));
    learn({ left: got.is === "good" ? grown(list, got.answer, isFirst) : { ...list, stage: stageOf(got) } });
  }

  async function archived(id: string, isShown: boolean): Promise<void> {
    if (typeof library.archived[id] === "object" && isShown) return;
    if (isShown) learn({ archived: { ...library.archived, [id]: "asking" } });
    const got = answered(await requests.conversation(id));
    if (got.is === "good") learn({ archived: { ...library.archived, [id]: got.answer } });
    else if (isShown) learn({ archived: { ...library.archived, [id]: "absent" } });
  }

  function answered<Answer>(got: Got<Answer>): Got<Answer> {
    if (got.is === "refused" && got.status === 401) ended();
    return got;
  }

  async function leave(): Promise<void> {
    if (await signOut(server, me, false)) {
      deleteDrafts(me.id);
      connection.end();
      location.assign("/sign-in?next=/agent");
    } else {
      dispatch({ what: "told", told: { word: "agent_not_done" } });
    }
  }

  /** The session has ended. Drafts stay in the tab for the agent's return. */
  function ended(): void {
    if (state.link === "ended") return;
    keep(me.id, state);
    connection.end();
    dispatch({ what: "ended" });
    location.assign("/sign-in?next=/agent");
  }

  function later(name: string, ms: number, what: () => void): void {
    stop(name);
    timers.set(name, setTimeout(() => {
      timers.delete(name);
      what();
    }, ms));
  }

  function stop(name: string): void {
    clearTimeout(timers.get(name));
    timers.delete(name);
  }

  function attention(): void {
    const on = document.visibilityState === "visible" && document.hasFocus();
    if (on !== state.attentive) dispatch({ what: "attention", on });
    // A laptop that wakes up: reconnect now instead of waiting.
    if (document.visibilityState === "visible" && state.link === "lost") connection.connect();
  }

  function pressed(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || root.querySelector("dialog[open]") !== null) return;
    const target = event.target instanceof Element ? event.target : undefined;
    const action = actionOf(event, target?.closest("input, textarea, select") != null);
    if (action === undefined) return;
    const id = shownTalk(state);
    const ticket = id === undefined ? undefined : state.tickets[id];
    const mine = id !== undefined && isMine(state, id);
    event.preventDefault();
    if (typeof action === "object") { actions.list(action.list); return; }
    if (action === "next") { move(1); return; }
    if (action === "before") { move(-1); return; }
    if (action === "shortcuts") { actions.shortcuts(); return; }
    if (action === "back") {
      if (target?.closest("input, textarea") != null) view?.title.focus();
      else if (state.pane === "details") actions.pane("talk");
      else if (state.pane === "talk") actions.show(undefined);
      return;
    }
    if (id === undefined || ticket === undefined) return;
    if (action === "take" && !ticket.agent) actions.take(id);
    else if (action === "note" || action === "write") {
      actions.note(id, action === "note" && !(state.talks[id]?.writing.note ?? false));
      view?.composer.focus();
    } else if (mine && action === "hand") actions.hand(id);
    else if (mine && action === "giveBack") actions.giveBack(id);
    else if (mine && action === "close") actions.close(id);
    else if (mine && action === "draft") actions.draft(id);
  }

  function speak(tag: string): void {
    i18n = teamI18nOf(tag);
    view?.head.remove();
    view = draw(root, bar, { i18n, actions, server, me }, state, library);
    title();
  }

  learn({ sound: alarm.isOn, notices: noticesAre() });
  speak(language);
  connection.connect();
  void replies();
  void readOfflineMessages(true);
  void past(true);
  void requests.pictures().then((pictures) => {
    learn({ pictures });
  });
  setInterval(() => {
    tick(root, Date.now());
  }, 1_000);
  document.addEventListener("keydown", pressed);
  document.addEventListener("visibilitychange", attention);
  window.addEventListener("focus", attention);
  window.addEventListener("blur", attention);
  window.addEventListener("online", actions.reconnect);
  window.addEventListener("pagehide", () => {
    if (state.link !== "ended") keep(me.id, state);
  });
  return { speak };
}

interface View {
  head: HTMLElement;
  title: HTMLElement;
  lists: ReturnType<typeof lists>;
  composer: Composer;
  update(state: State, library: Library): void;
  /** Announces a text to screen readers. */
  announce(said: string): void;
}

function draw(root: HTMLElement, bar: HTMLElement, maker: Parameters<typeof lists>[0], state: State, library: Library): View {
  const top = head(maker);
  const list = lists(maker);
  const talk = talkHead(maker);
  const compose = composer(maker);
  const threadPart = thread(maker);
  const parts: Part[] = [top, banner(maker), list, talk, threadPart, compose, details(maker)];
  const [, above, , , , , side] = parts.map((part) => part.element);
  const empty = el("p", { class: "choose" }, maker.i18n.t("agent_choose"));
  const news = el("div", { class: "unseen", "aria-live": "polite" });
  const middle = el("section", { class: "middle", "aria-label": maker.i18n.t("agent_conversation") }, empty, talk.element, threadPart.element, compose.element);
  const heading = el("h1", { class: "unseen" }, maker.i18n.t("agent_title"));
  root.replaceChildren(...[heading, above, el("div", { class: "panes" }, list.element, middle, side), news].filter((part) => part !== undefined));
  bar.insertBefore(top.element, bar.querySelector("#language"));
  for (const element of [root, top.element]) set(element, { lang: maker.i18n.language, dir: maker.i18n.words.dir });
  const title = talk.element.querySelector<HTMLElement>("h2") ?? talk.element;
  const update = (now: State, shelf: Library): void => {
    set(root, { "data-pane": now.pane, "data-link": now.link });
    empty.hidden = now.shown !== undefined;
    threadPart.element.hidden = now.shown === undefined;
    for (const part of parts) part.update(now, shelf);
  };
  update(state, library);
  return {
    head: top.element,
    title,
    lists: list,
    composer: compose,
    update,
    announce: (words) => {
      news.textContent = words;
    },
  };
}

function saying(conversation: string, note: boolean, content: string, upload: string | undefined): AgentMessage {
  if (note) return { type: "note", conversation, content };
  return { type: "say", conversation, content, ...(upload === undefined ? {} : { upload }) };
}

/** The ids of the shown list, in order. */
function idsOf(state: State, library: Library): string[] {
  if (state.list === "past") return library.past.items.map((one) => one.conversation);
  if (state.list === "left") return library.left.items.map((one) => one.id);
  return listed(state, state.list).map((ticket) => ticket.conversation);
}

function stageOf(got: Got<unknown>): "none" | "failed" {
  return got.is === "refused" && got.status === 404 ? "none" : "failed";
}
