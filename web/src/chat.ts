// The chat: one component for the page and for the widget. It connects the state, the socket and the parts.

import { queueText } from "./answer/turn.ts";
import { el, set } from "./element.ts";
import { store, load } from "./storage.ts";
import { composer, PICTURES } from "./parts/composer.ts";
import type { Drafts } from "./parts/draft.ts";
import { finder } from "./parts/finder.ts";
import { follow, type Follow } from "./parts/follow.ts";
import { notice } from "./parts/notice.ts";
import type { Actions, Known, Maker, Part } from "./parts/part.ts";
import { productHeader } from "./parts/product.ts";
import { examples, greeting, sample } from "./parts/start.ts";
import { thread } from "./parts/thread.ts";
import { announcementPart } from "./parts/announcement.ts";
import { fit, sendable } from "./handoff/picture.ts";
import { uploadPicture, leaveMessage } from "./handoff/requests.ts";
import { type Entry, hasAgent, type Said } from "./handoff/state.ts";
import { handoffStrip } from "./handoff/strip.ts";
import { endingPart } from "./rating/ending.ts";
import { canSend, type Answer, fetchTranscript, FILE, save, sendTranscript } from "./rating/requests.ts";
import { isPressed, type Transcript } from "./rating/state.ts";
import { beginning, type Action, isOpen, isStart, isTalking, type Option, readingOf, reduce, restored, scenarioFor, type State, unreadMessages } from "./state.ts";
import { clock, openSocket } from "./wire/browser.ts";
import { Connection } from "./wire/connection.ts";
import { fetchProduct, fetchSections, type Product } from "./wire/product.ts";
import type { Scenario, Thumb } from "./wire/types.ts";
import { type I18n, i18nOf } from "./words/words.ts";

export interface ChatOptions {
  /** Address of the server. */
  server: URL;
  language: string;
  heading: Maker["heading"];
  /** The initial product. */
  productId?: string | undefined;
  /** The address contains the product: without one the start page is shown, whatever was chosen before. */
  isAddressed?: boolean;
  /** The address of the page around the chat, for agents. */
  page?: (() => string) | undefined;
  /** Called when the product changes. */
  onProduct?: (id: string) => void;
  /** Called when unseen items arrive or are seen. */
  onUnread?: (unread: Unread) => void;
  /** The chat owns the document: its title shows the unread count even while the page is visible. */
  ownsTitle?: boolean;
}

/** Unseen items. */
export interface Unread {
  /** Messages of an agent, and answers. */
  messages: number;
  /** False if nothing is unread. Without a message it is an event, such as an agent who joined. */
  any: boolean;
  /** The same as a sentence; empty if nothing is unread. */
  sentence: string;
}

export interface Chat {
  /** Moves the focus to the search field or the question field. */
  focus(): void;
  /** Changes the language; the conversation and the drafts stay. */
  speak(language: string): void;
  /** Shows a product or the start page, as the browser's history requires. */
  show(productId: string | undefined): void;
}

/** How long "Connected again" is shown, in milliseconds: two seconds to notice and two to read it. */
const BACK_MS = 4000;
/** How long the confirmation of a saved or sent transcript is shown, in milliseconds. */
const SAID_MS = 8000;
/** Typing pause after which the text of the search field is interpreted as a whole, in milliseconds. */
const PAUSE_MS = 300;
/** Number of words from which a text in the search field may be a question, and is kept when a product is chosen. */
const SENTENCE_WORDS = 3;
/** Delay after the last change before the conversation is stored for a reload, in milliseconds. */
const KEEP_AFTER_MS = 250;
/** Pause after which the visitor counts as not typing, in milliseconds. */
const STILL_MS = 4000;
/** Prefix of the window title while something is unread. */
const BADGE = /^(?:\(\d+\)|●) /;
/** Longest address of a page that the server accepts, in characters. */
const PAGE_CHARS = 1000;

/** Mounts a chat into an element and connects it. */
export function mountChat(root: HTMLElement, options: ChatOptions): Chat {
  const { server } = options;
  const prefix = `hsc${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? ""}`;
  const stored = load(server);
  const onTheirWay = stored?.before.unanswered.map(([id]) => id);
  let state: State = stored === undefined ? beginning : restored(stored.state, onTheirWay);
  if (options.isAddressed === true && options.productId === undefined && isStart({ ...state, home: true })) state = { ...state, home: true };
  const typed = new Map(Object.entries(stored?.drafts ?? {}));
  const drafts: Drafts = {
    of: (name) => typed.get(name) ?? "",
    keep: (name, text) => {
      if (text === "") typed.delete(name);
      else typed.set(name, text);
      keepSoon();
    },
  };
  let conversation = stored?.before.resume.conversation;
  let i18n: I18n = i18nOf(options.language);
  /** The product that is being opened; a later one wins. */
  let destination: string | undefined;
  let view: View | undefined;

  const connection = new Connection({
    open: () => openSocket(server, "/ws"),
    clock,
    listener: {
      opened: (welcome, lost) => {
        const { limits, recovered } = welcome;
        const anew = conversation !== undefined && conversation !== welcome.conversation;
        conversation = welcome.conversation;
        dispatch({ what: "opened", limits, recovered, lost, anew });
        if (state.link === "back") {
          setTimeout(() => {
            dispatch({ what: "toldBack" });
          }, BACK_MS);
        }
      },
      lost: () => {
        dispatch({ what: "dropped" });
      },
      takenOver: () => {
        dispatch({ what: "takenOver" });
      },
      dismissed: () => {
        dispatch({ what: "dismissed" });
      },
      received: (message, id, offset) => {
        dispatch({ what: "received", message, id, offset });
      },
      refused: (id) => {
        dispatch({ what: "refused", id });
      },
    },
    locale: i18n.language,
    prefix,
    before: stored?.before,
  });

  const actions: Actions = {
    type: (text) => {
      dispatch({ what: "typed", text, id: connection.type(text) });
      clearTimeout(pausing);
      taking = undefined;
      if (text.trim() !== "") pausing = setTimeout(readWhole, PAUSE_MS);
    },
    move: (by) => {
      dispatch({ what: "moved", by });
    },
    point: (at) => {
      dispatch({ what: "pointed", at });
    },
    openList: () => {
      dispatch({ what: "listOpened" });
    },
    closeList: () => {
      dispatch({ what: "listClosed" });
    },
    take: () => {
      const text = state.typed.trim();
      // A sentence is interpreted as a whole before a product is opened for it.
      if (text.includes(" ") && readingOf(state)?.done !== true && state.active <= 0) {
        readWhole();
        taking = text;
        return;
      }
      const option = state.options[state.active];
      const detected = state.active === 0 ? readingOf(state)?.detected : undefined;
      if (detected !== undefined) openAndAsk(detected.option, detected.question);
      else if (option !== undefined) actions.pick(option);
    },
    pick: (known) => {
      const detected = readingOf(state)?.detected;
      const text = state.typed.trim();
      if (detected?.option.id === known.id) {
        openAndAsk(detected.option, detected.question);
        return;
      }
      pick(known);
      // The text is more than a name: it moves to the question field.
      if (isSentence(text, known.name)) view?.composer.giveBack(text);
      view?.composer.focus();
    },
    change: (on) => {
      dispatch({ what: "changing", on });
      if (on) view?.finder.focus();
      else view?.composer.focus();
      if (!on && state.product !== undefined) options.onProduct?.(state.product.id);
    },
    scenario: (scenario) => {
      dispatch({ what: "scenario", scenario });
    },
    attach: (file) => void attach(file),
    detach: () => {
      dispatch({ what: "image", image: undefined });
    },
    ask: (question) => {
      if (state.product !== undefined) ask(state.product, question, scenarioFor(state, state.product), state.image);
    },
    repeat: (turnId) => {
      const turn = state.turns.find((one) => one.id === turnId);
      if (turn === undefined) return;
      // The question was about that product, so the chat returns to it.
      if (turn.product.id !== state.product?.id) {
        dispatch({ what: "picked", product: turn.product });
        options.onProduct?.(turn.product.id);
      }
      ask(turn.product, turn.question, turn.scenario, turn.image);
    },
    stop: () => {
      connection.cancel();
      dispatch({ what: "stopped" });
    },
    hideAnnouncement: () => {
      dispatch({ what: "noticeRead" });
    },
    reconnect: () => {
      connection.connect();
    },
    lossSeen: () => {
      dispatch({ what: "toldForgotten" });
    },
    openHandoffForm: (on) => {
      dispatch({ what: "wishing", on });
      if (!on) view?.composer.focus();
    },
    requestAgent: (reason) => {
      connection.wish(reason === "" ? {} : { reason });
      dispatch({ what: "wished" });
      // The result of the request appears at the end of the thread.
      view?.follow.toEnd();
    },
    withdrawRequest: () => {
      if (state.handoff.stage === "waiting") connection.wish({ withdraw: true });
      dispatch({ what: "withdrawn" });
    },
    sendMessage: (text) => {
      sendMessage({ text, image: state.image, upload: undefined });
    },
    resend,
    reportTyping: composing,
    sendOfflineMessage: (address, text) => void leave(address, text),
    rateAnswer: rateAnswer,
    commentAnswer: (turnId, comment) => {
      const { offset, opinion } = state.turns.find((turn) => turn.id === turnId) ?? {};
      if (offset === undefined || opinion === undefined) return;
      if (comment === undefined || comment === opinion.comment) dispatch({ what: "unexplained", turn: turnId });
      else dispatch({ what: "explained", turn: turnId, id: connection.rateAnswer({ offset, thumb: opinion.thumb, comment }), comment });
    },
    endConversation: () => {
      const { stage } = state.handoff;
      const isAlone = stage === "machine" || stage === "unavailable";
      if (!isAlone && state.ending.stage !== "sure") {
        dispatch({ what: "ending", now: "sure" });
        return;
      }
      connection.bye();
      dispatch({ what: "ending", now: "said" });
    },
    cancelEnd: () => {
      dispatch({ what: "ending", now: "open" });
    },
    rateConversation: (rating, comment) => {
      const id = connection.rateConversation({ rating, ...(comment === "" ? {} : { comment }) });
      dispatch({ what: "rated", id, rating, comment });
    },
    beginAnew: () => {
      for (const name of ["marks", "marks_comment", "letter_text", "wish"]) drafts.keep(name, "");
      dispatch({ what: "begunAnew" });
      connection.restart();
      if (state.product === undefined) view?.finder.focus();
      else view?.composer.focus();
    },
    takeTranscript: () => void takeTranscript(),
    leaveTranscript: () => {
      transcript("still");
    },
    download: () => void download(),
    sendTranscript: (address, code) => void mail(address, code),
  };

  let pausing: ReturnType<typeof setTimeout> | undefined;
  /** The text that Enter was pressed for before it was interpreted. */
  let taking: string | undefined;

  /** Lets the server interpret the whole text, once. */
  function readWhole(): void {
    clearTimeout(pausing);
    const text = state.typed.trim();
    if (text === "" || readingOf(state) !== undefined) return;
    dispatch({ what: "paused", text, id: connection.understand(text) });
  }

  /** Opens a product, and asks the rest of the text as a question. */
  function openAndAsk(option: Option, question: string): void {
    pick(option, question !== "");
    if (question !== "" && state.product !== undefined) ask(state.product, question, scenarioFor(state, state.product), state.image);
    view?.composer.focus();
  }

  function dispatch(action: Action): void {
    const before = state;
    state = reduce(state, action);
    view?.update(state);
    if (taking !== undefined && before.reading !== state.reading && readingOf(state)?.done === true) {
      const isStill = taking === state.typed.trim();
      taking = undefined;
      if (isStill) actions.take();
    }
    const { turns, handoff, product, ending, unread, changes } = state;
    const isKept = before.turns === turns && before.handoff === handoff && before.product === product && before.ending === ending;
    if (!isKept || before.unread !== unread || before.changes !== changes) keepSoon();
    // The agent has the reason now.
    if (before.handoff.stage !== handoff.stage && (handoff.stage === "waiting" || handoff.stage === "with")) drafts.keep("wish", "");
    if (before.unread !== unread) tellUnread();
    if (before.product !== state.product || before.scenario !== state.scenario) tellAbout();
  }

  /** Sends the state of the page, so that an agent knows it before the first question. */
  function tellAbout(): void {
    const { product, scenario } = state;
    const page = options.page === undefined ? undefined : pageAddress(options.page());
    if (product === undefined && page === undefined && scenario === "general") return;
    connection.about({ ...(product === undefined ? {} : { product_id: product.id }), scenario, ...(page === undefined ? {} : { page }) });
  }

  let keeping: ReturnType<typeof setTimeout> | undefined;
  function keepSoon(): void {
    keeping ??= setTimeout(keepNow, KEEP_AFTER_MS);
  }
  function keepNow(): void {
    clearTimeout(keeping);
    keeping = undefined;
    store(server, connection.snapshot(), state, Object.fromEntries(typed));
  }
  window.addEventListener("pagehide", keepNow);

  /** Reports unread items: in the window title, and to the embedder. */
  function tellUnread(): void {
    const messages = unreadMessages(state);
    const any = state.unread.length > 0;
    options.onUnread?.({ messages, any, sentence: any ? unreadSentence(state, i18n) : "" });
    const isShown = any && (options.ownsTitle === true || document.visibilityState !== "visible");
    const badge = isShown ? (messages > 0 ? `(${messages}) ` : "● ") : "";
    const title = badge + document.title.replace(BADGE, "");
    // The title of a foreign page is not changed while nothing is unread.
    if (document.title !== title) document.title = title;
  }
  document.addEventListener("visibilitychange", tellUnread);

  let still: ReturnType<typeof setTimeout> | undefined;
  /** Reports to the agent that the visitor types, not the text. */
  function composing(on: boolean): void {
    const was = still !== undefined;
    clearTimeout(still);
    still = undefined;
    if (on) {
      still = setTimeout(() => {
        composing(false);
      }, STILL_MS);
      connection.tell({ type: "typing", content: "…" });
    } else if (was) {
      connection.tell({ type: "typing", content: "" });
    }
  }

  /** Messages are sent one after the other, so that a later one never overtakes a picture. */
  let sending: Promise<void> = Promise.resolve();

  /** Adds a message to the thread, where it stays in any case, and sends it. */
  function sendMessage(message: Pick<Said, "text" | "image" | "upload">, replaces?: string): void {
    composing(false);
    const id = connection.reserve();
    dispatch({ what: "wrote", id, ...message, atMs: Date.now(), replaces });
    view?.follow.toEnd();
    view?.composer.focus();
    sending = sending.then(() => deliver(id));
  }

  async function deliver(id: string): Promise<void> {
    const message = unsentMessage(id);
    if (message === undefined) return;
    try {
      let { upload } = message;
      if (upload === undefined && message.image !== undefined) {
        const uploaded = await uploadPicture(server, connection.token, await sendable(message.image));
        if (!("good" in uploaded)) {
          dispatch({ what: "notSent", id, trouble: uploaded.trouble === undefined ? { word: "upload_failed" } : { text: uploaded.trouble } });
          return;
        }
        upload = uploaded.good;
        dispatch({ what: "uploaded", id, upload });
      }
      connection.sendMessage({ content: message.text, ...(upload === undefined ? {} : { upload }) }, id);
    } catch {
      // Whatever the error: the message is still in the thread, and the visitor is notified.
      dispatch({ what: "notSent", id, trouble: { word: "upload_failed" } });
    }
  }

  function resend(key: string): void {
    const message = unsentMessage(key);
    if (message === undefined) return;
    const { text, image, upload } = message;
    if (hasAgent(state.handoff)) {
      sendMessage({ text, image, upload }, key);
    } else if (view !== undefined && !view.composer.element.hidden) {
      // The agent has left: the text moves back to the question field.
      dispatch({ what: "discarded", id: key });
      if (image !== undefined) dispatch({ what: "image", image });
      view.composer.giveBack(text);
      view.composer.focus();
    } else {
      dispatch({ what: "notSent", id: key, trouble: { word: "person_not_here" } });
    }
  }

  /** The unsent message with this id. */
  function unsentMessage(id: string): (Entry & Said) | undefined {
    return state.handoff.entries.find((entry): entry is Entry & Said => entry.kind === "said" && !entry.sent && entry.key === id);
  }

  function rateAnswer(turnId: string, thumb: Thumb): void {
    const turn = state.turns.find((one) => one.id === turnId);
    if (turn?.offset === undefined) return;
    if (isPressed(turn, thumb)) dispatch({ what: "askedWhy", turn: turnId });
    else dispatch({ what: "thumbed", turn: turnId, id: connection.rateAnswer({ offset: turn.offset, thumb }), thumb });
  }

  async function takeTranscript(): Promise<void> {
    transcript("coming");
    if (await canSend(server)) transcript("still", true);
    else await download();
  }

  async function download(): Promise<void> {
    transcript("coming");
    const text = await fetchTranscript(server, connection.token);
    if ("good" in text) save(text.good, FILE);
    toldOf(text, "saved");
  }

  async function mail(address: string, code?: string): Promise<void> {
    transcript("sending", true, code === undefined ? undefined : address);
    const answer = await sendTranscript(server, connection.token, address, code);
    if ("good" in answer && answer.good === "confirm") {
      transcript("still", true, address);
      return;
    }
    if (!("trouble" in answer)) drafts.keep("transcript_address", "");
    toldOf(answer, "sent");
  }

  /** Shows the result; a success only for a while. */
  function toldOf(answer: Answer<unknown>, well: "saved" | "sent"): void {
    if ("trouble" in answer) {
      transcript({ trouble: answer.trouble }, state.transcript.isChoosing, state.transcript.confirms);
      return;
    }
    transcript(well);
    setTimeout(() => {
      if (state.transcript.now === well) transcript("still");
    }, SAID_MS);
  }

  function transcript(now: Transcript["now"], isChoosing = false, confirms?: string): void {
    dispatch({ what: "transcript", now, isChoosing, confirms });
  }

  async function leave(address: string, text: string): Promise<void> {
    dispatch({ what: "letter", now: "sending" });
    const outcome = await leaveMessage(server, connection.token, address, text);
    const now = "good" in outcome ? "left" : { trouble: outcome.trouble ?? i18n.t("letter_failed") };
    if (now === "left") for (const name of ["letter_address", "letter_text", "wish"]) drafts.keep(name, "");
    dispatch({ what: "letter", now });
  }

  function pick(known: Known, asksAtOnce = false): void {
    const blank = { brand: "", category: "", country: "", picture: "", related: [], manual: undefined, scenarios: ["general"] as const };
    const { id, name, brand = "", category = "", country = "" } = known;
    dispatch({ what: "picked", product: { ...blank, id, name, brand, category, country } });
    options.onProduct?.(id);
    void fetchProduct(server, id).then((product) => {
      if (product !== undefined) dispatch({ what: "described", product });
      // The header has grown with the product's data, and the question should stay visible.
      if (asksAtOnce) view?.follow.toQuestion();
      if (product !== undefined) suggest(product);
    });
  }

  /** Shows example questions about the product, if they are visible. */
  function suggest(product: Product): void {
    if (product.manual === "" || state.turns.length > 0 || state.sections?.product === product.id) return;
    void fetchSections(server, product.id).then((titles) => {
      dispatch({ what: "sections", product: product.id, titles });
    });
  }

  function ask(product: Product, question: string, scenario: Scenario, image: string | undefined): void {
    const picture = image === undefined ? {} : { image };
    const id = connection.ask({ product_id: product.id, query: question, scenario, ...picture });
    dispatch({ what: "asked", id, product, question, scenario, image });
    view?.follow.toQuestion();
    view?.composer.focus();
  }

  async function attach(file: File): Promise<void> {
    try {
      await attached(file);
    } catch {
      view?.composer.complain(i18n.t("upload_unreadable"));
    }
  }

  async function attached(file: File): Promise<void> {
    const limit = state.limits?.image_bytes ?? Infinity;
    if (hasAgent(state.handoff)) {
      const fitting = await fit(file);
      view?.composer.complain(fitting === undefined ? i18n.t("upload_unreadable") : "");
      if (fitting !== undefined) dispatch({ what: "image", image: await dataAddress(fitting) });
    } else if (!PICTURES.includes(file.type)) {
      view?.composer.complain(i18n.t("picture_kind"));
    } else if (file.size > limit) {
      view?.composer.complain(i18n.t("picture_large", { n: Math.floor(limit / 1024 / 1024) }));
    } else {
      view?.composer.complain("");
      dispatch({ what: "image", image: await dataAddress(file) });
    }
  }

  function speak(language: string): void {
    i18n = i18nOf(language);
    const place = view?.follow.place();
    view?.follow.stop();
    view = draw(root, { i18n, actions, drafts, server, heading: options.heading, prefix }, state, (rows) => {
      dispatch({ what: "seen", rows });
    });
    if (place !== undefined) view.follow.goTo(place);
    tellUnread();
  }

  speak(options.language);
  tellAbout();
  connection.connect();
  actions.type(""); // Requests the sample of the catalog.
  // A laptop that wakes up, a train out of a tunnel: reconnect now instead of waiting.
  const reconnect = (): void => {
    if (document.visibilityState === "visible" && state.link === "lost") actions.reconnect();
  };
  window.addEventListener("online", reconnect);
  document.addEventListener("visibilitychange", reconnect);
  // A widget on another product's page does not change the product of a conversation with an agent.
  if (options.productId !== undefined && (options.isAddressed === true || !isTalking(state))) {
    if (state.product?.id === options.productId) suggest(state.product);
    else void goTo(options.productId);
  }

  async function goTo(id: string): Promise<void> {
    destination = id;
    const known = state.turns.find(({ product }) => product.id === id)?.product;
    const product = known ?? (await fetchProduct(server, id));
    if (product === undefined || destination !== id) return;
    dispatch({ what: "picked", product });
    suggest(product);
  }

  function show(id: string | undefined): void {
    destination = undefined;
    if (id === undefined) {
      dispatch({ what: "home" });
      view?.finder.focus();
    } else if (id === state.product?.id) {
      dispatch({ what: "changing", on: false });
      view?.composer.focus();
    } else {
      void goTo(id).then(() => view?.composer.focus());
    }
  }

  return {
    focus: () => {
      if (isStart(state) || state.changing) view?.finder.focus();
      else view?.composer.focus();
    },
    speak: (language) => {
      speak(language);
      connection.speak(language);
    },
    show,
  };
}

interface View {
  finder: ReturnType<typeof finder>;
  composer: ReturnType<typeof composer>;
  follow: Follow;
  update(state: State): void;
}

function draw(root: HTMLElement, maker: Maker, first: State, seen: (rows: readonly string[]) => void): View {
  const { i18n } = maker;
  const find = finder(maker);
  const compose = composer(maker);
  const header = productHeader(maker);
  const news = el("div", { class: "unseen", "aria-live": "polite" });
  const broadcast = announcementPart(maker);
  const handoff = handoffStrip(maker);
  const ending = endingPart(maker);
  const greet = greeting(maker);
  const samples = sample(maker);
  const example = examples(maker);
  const talk = thread(maker);
  const bar = notice(maker);
  const parts: Part[] = [bar, greet, header, find, samples, example, talk, compose, broadcast, handoff, ending];
  const head = el("div", { class: "head" }, greet.element, header.element, find.element);
  const region = { class: "scroll", tabindex: "0", role: "region", "aria-label": i18n.t("app") };
  const scroll = el("div", region, head, samples.element, example.element, talk.element);
  const following = follow({ scroll, head, thread: talk.element, row: talk.row, seen, sentence: (state) => unreadSentence(state, i18n) });
  const newer = el("div", { class: "newer-place" }, following.button);
  const under = el("div", { class: "under" }, handoff.element, ending.element);
  root.replaceChildren(bar.element, broadcast.element, scroll, newer, under, compose.element, news);
  set(root, { lang: i18n.language, dir: i18n.words.dir });

  let shown: State | undefined;
  const update = (state: State): void => {
    const before = shown;
    shown = state;
    following.before();
    root.dataset.stage = isStart(state) ? "start" : "talk";
    for (const part of parts) part.update(state);
    following.drawn(before, state);
    const announced = announcement(before, state, i18n);
    if (announced !== undefined) news.textContent = announced;
  };
  update(first);
  return { finder: find, composer: compose, follow: following, update };
}

/** Unread items as a sentence: the number of messages or, without one, the last event. */
function unreadSentence(state: State, i18n: I18n): string {
  const n = unreadMessages(state);
  if (n > 0) return i18n.count("news", n);
  const last = state.handoff.entries.at(-1);
  return last?.kind === "event" ? i18n.t(last.word, { name: last.name }) : "";
}

/** The announcement of a visual change to screen readers. */
function announcement(before: State | undefined, state: State, i18n: I18n): string | undefined {
  if (before?.options !== state.options && state.listOpen && state.found !== undefined) {
    const none = (): string => i18n.t("found_none", { typed: state.typed.trim() });
    return state.options.length === 0 ? none() : i18n.count("found", state.options.length);
  }
  const ended = state.turns.some((turn, at) => {
    const earlier = before?.turns[at];
    return earlier !== undefined && isOpen(earlier) && !isOpen(turn);
  });
  if (ended) return i18n.t("ready");
  const entries = state.handoff.entries;
  const last = before !== undefined && before.handoff.entries !== entries ? entries.at(-1) : undefined;
  if (last?.kind === "said" && last.from === "agent") return `${last.name}: ${last.text}`;
  if (last?.kind === "event") return i18n.t(last.word, { name: last.name });
  const moved = state.turns.find((turn, at) => turn.place !== undefined && turn.place !== before?.turns[at]?.place);
  return moved?.place === undefined ? undefined : queueText(moved.place, i18n);
}

/** Whether a text is more than the name of the chosen product. */
function isSentence(text: string, name: string): boolean {
  const words = text.split(/\s+/);
  return words.length >= SENTENCE_WORDS && !words.every((word) => name.toLowerCase().includes(word.toLowerCase()));
}

/** The address of a page as the server accepts it: without fragment, and without a query that is too long. */
function pageAddress(address: string): string | undefined {
  const [whole = ""] = address.split("#");
  const short = whole.length <= PAGE_CHARS ? whole : (whole.split("?")[0] ?? "");
  return short !== "" && short.length <= PAGE_CHARS ? short : undefined;
}

function dataAddress(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      if (typeof reader.result === "string") resolve(reader.result);
    });
    reader.addEventListener("error", () => {
      reject(new Error("the picture could not be read"));
    });
    reader.readAsDataURL(file);
  });
}
