// The chat: one component for the page and for the widget. It wires the state, the connection and the parts.

import { inLine } from "./answer/turn.ts";
import { el, set } from "./element.ts";
import { keep, recall } from "./kept.ts";
import { composer, PICTURES } from "./parts/composer.ts";
import { finder } from "./parts/finder.ts";
import { notice } from "./parts/notice.ts";
import type { Deeds, Maker, Part } from "./parts/part.ts";
import { productHeader } from "./parts/product.ts";
import { examples, greeting, sample } from "./parts/start.ts";
import { thread } from "./parts/thread.ts";
import { word } from "./parts/word.ts";
import { fit } from "./person/picture.ts";
import { keepPicture, leaveMessage } from "./person/requests.ts";
import { hasPerson } from "./person/state.ts";
import { personStrip } from "./person/strip.ts";
import { endingPart } from "./rating/ending.ts";
import { canSend, type Answer, fetchTranscript, FILE, save, sendTranscript } from "./rating/requests.ts";
import { isPressed, type Transcript } from "./rating/state.ts";
import { beginning, type Happening, isOpen, reduce, restored, type State } from "./state.ts";
import { clock, openSocket } from "./wire/browser.ts";
import { Connection } from "./wire/connection.ts";
import { fetchProduct, type Product } from "./wire/product.ts";
import type { Thumb } from "./wire/types.ts";
import { type Voice, voiceOf } from "./words/words.ts";

export interface ChatOptions {
  /** Where the server is. */
  server: URL;
  language: string;
  heading: Maker["heading"];
  /** A product to begin with. */
  productId?: string | undefined;
  /** Told when the product changes. */
  onProduct?: (id: string) => void;
}

export interface Chat {
  /** Puts the focus where the visitor goes on: the search, or the question. */
  focus(): void;
  /** Changes the language; the conversation stays. */
  speak(language: string): void;
}

/** How long "Connected again" is shown, in milliseconds: two seconds to see it and two to read it. */
const BACK_MS = 4000;
/** How long it is shown that the conversation was saved or sent, in milliseconds: a sentence to read. */
const SAID_MS = 8000;
/** How long after the last change what was said is kept for a reload, in milliseconds. */
const KEEP_AFTER_MS = 250;
/** After so long without a key the visitor types no more, in milliseconds. */
const STILL_MS = 4000;
/** How near its end a thread counts as being read there, in pixels. */
const NEAR_END = 120;
/** Above a question that is at the top, in pixels. */
const AIR = 20;

/** Puts a chat into an element and connects it. */
export function mountChat(root: HTMLElement, options: ChatOptions): Chat {
  const { server } = options;
  const prefix = `hsc${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? ""}`;
  const kept = recall(server);
  let state: State = kept === undefined ? beginning : restored(kept.state);
  let conversation = kept?.before.resume.conversation;
  let voice: Voice = voiceOf(options.language);
  let view: View | undefined;

  const connection = new Connection({
    open: () => openSocket(server, "/ws"),
    clock,
    listener: {
      opened: (welcome, lost) => {
        const { limits, recovered } = welcome;
        const anew = conversation !== undefined && conversation !== welcome.conversation;
        conversation = welcome.conversation;
        happen({ what: "opened", limits, recovered, lost, anew });
        if (state.link === "back") {
          setTimeout(() => {
            happen({ what: "toldBack" });
          }, BACK_MS);
        }
      },
      dropped: () => {
        happen({ what: "dropped" });
      },
      takenOver: () => {
        happen({ what: "takenOver" });
      },
      dismissed: () => {
        happen({ what: "dismissed" });
      },
      heard: (message, id, offset) => {
        happen({ what: "heard", message, id, offset });
      },
      refused: (id) => {
        happen({ what: "refused", id });
      },
    },
    locale: voice.language,
    prefix,
    before: kept?.before,
  });

  const deeds: Deeds = {
    type: (text) => {
      happen({ what: "typed", text, id: connection.type(text) });
    },
    move: (by) => {
      happen({ what: "moved", by });
    },
    point: (at) => {
      happen({ what: "pointed", at });
    },
    openList: () => {
      happen({ what: "listOpened" });
    },
    closeList: () => {
      happen({ what: "listClosed" });
    },
    take: () => {
      const option = state.options[state.active];
      if (option !== undefined) deeds.pick(option);
    },
    pick: (known) => {
      pick(known);
      view?.composer.focus();
    },
    change: (on) => {
      happen({ what: "changing", on });
      if (on) view?.finder.focus();
      else view?.composer.focus();
    },
    scenario: (scenario) => {
      happen({ what: "scenario", scenario });
    },
    attach: (file) => void attach(file),
    detach: () => {
      happen({ what: "image", image: undefined });
    },
    ask: (question) => {
      if (state.product !== undefined) ask(state.product, question, state.image);
    },
    repeat: (turnId) => {
      const turn = state.turns.find((one) => one.id === turnId);
      if (turn !== undefined) ask(turn.product, turn.question, turn.image);
    },
    stop: () => {
      connection.cancel();
      happen({ what: "stopped" });
    },
    putAway: () => {
      happen({ what: "noticeRead" });
    },
    reconnect: () => {
      connection.connect();
    },
    seen: () => {
      happen({ what: "toldForgotten" });
    },
    wishing: (on) => {
      happen({ what: "wishing", on });
      if (!on) view?.composer.focus();
    },
    wish: (reason) => {
      connection.wish(reason === "" ? {} : { reason });
      happen({ what: "wished" });
    },
    withdraw: () => {
      if (state.person.stage === "waiting") connection.wish({ withdraw: true });
      happen({ what: "withdrawn" });
    },
    say: (text, upload) => void say(text, upload),
    composing,
    leave: (address, text) => void leave(address, text),
    judge,
    explain: (turnId, comment) => {
      const { offset, opinion } = state.turns.find((turn) => turn.id === turnId) ?? {};
      if (offset === undefined || opinion === undefined) return;
      if (comment === undefined || comment === opinion.comment) happen({ what: "unexplained", turn: turnId });
      else happen({ what: "explained", turn: turnId, id: connection.judge({ offset, thumb: opinion.thumb, comment }), comment });
    },
    end: () => {
      const { stage } = state.person;
      const isAlone = stage === "machine" || stage === "unavailable";
      if (!isAlone && state.ending.stage !== "sure") {
        happen({ what: "ending", now: "sure" });
        return;
      }
      connection.bye();
      happen({ what: "ending", now: "said" });
    },
    stay: () => {
      happen({ what: "ending", now: "open" });
    },
    rate: (rating, comment) => {
      const id = connection.rate({ rating, ...(comment === "" ? {} : { comment }) });
      happen({ what: "rated", id, rating, comment });
    },
    beginAnew: () => {
      happen({ what: "begunAnew" });
      connection.beginAnew();
      if (state.product === undefined) view?.finder.focus();
      else view?.composer.focus();
    },
    takeTranscript: () => void takeTranscript(),
    leaveTranscript: () => {
      transcript("still");
    },
    download: () => void download(),
    mail: (address) => void mail(address),
  };

  function happen(happening: Happening): void {
    const before = state;
    state = reduce(state, happening);
    view?.update(state);
    if (before.turns !== state.turns || before.person !== state.person || before.product !== state.product || before.ending !== state.ending) keepSoon();
    tellTitle(before);
  }

  let keeping: ReturnType<typeof setTimeout> | undefined;
  function keepSoon(): void {
    keeping ??= setTimeout(keepNow, KEEP_AFTER_MS);
  }
  function keepNow(): void {
    clearTimeout(keeping);
    keeping = undefined;
    keep(server, connection.kept(), state);
  }
  window.addEventListener("pagehide", keepNow);

  /** Says in the window's title that the person is there or has written, while another tab is looked at. */
  let title: string | undefined;
  function tellTitle(before: State): void {
    if (document.visibilityState === "visible" || before.person.entries === state.person.entries) return;
    const last = state.person.entries.at(-1);
    const isNews = last !== undefined && (last.kind === "said" ? last.from === "agent" : last.word === "person_joined");
    if (!isNews) return;
    title ??= document.title;
    document.title = `● ${voice.say(last.kind === "said" ? "person_news" : "person_joined", { name: last.name })}`;
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible" || title === undefined) return;
    document.title = title;
    title = undefined;
  });

  let still: ReturnType<typeof setTimeout> | undefined;
  /** The person learns that the visitor types, not what. */
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

  async function say(text: string, upload: string | undefined): Promise<void> {
    composing(false);
    let picture = upload;
    const { image } = state;
    if (picture === undefined && image !== undefined) {
      view?.composer.complain(voice.say("upload_sending"));
      const kept = await keepPicture(server, connection.token, await (await fetch(image)).blob());
      view?.composer.complain("good" in kept ? "" : (kept.trouble ?? voice.say("upload_failed")));
      if (!("good" in kept)) {
        view?.composer.giveBack(text);
        return;
      }
      picture = kept.good;
    }
    const id = connection.say({ content: text, ...(picture === undefined ? {} : { upload: picture }) });
    happen({ what: "wrote", id, text, upload: picture, atMs: Date.now() });
    view?.toEnd();
    view?.composer.focus();
  }

  function judge(turnId: string, thumb: Thumb): void {
    const turn = state.turns.find((one) => one.id === turnId);
    if (turn?.offset === undefined) return;
    if (isPressed(turn, thumb)) happen({ what: "askedWhy", turn: turnId });
    else happen({ what: "thumbed", turn: turnId, id: connection.judge({ offset: turn.offset, thumb }), thumb });
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

  async function mail(address: string): Promise<void> {
    transcript("sending", true);
    toldOf(await sendTranscript(server, connection.token, address), "sent");
  }

  /** Says what became of it, and for a while only where it went well. */
  function toldOf(answer: Answer<unknown>, well: "saved" | "sent"): void {
    if ("trouble" in answer) {
      transcript({ trouble: answer.trouble }, state.transcript.isChoosing);
      return;
    }
    transcript(well);
    setTimeout(() => {
      if (state.transcript.now === well) transcript("still");
    }, SAID_MS);
  }

  function transcript(now: Transcript["now"], isChoosing = false): void {
    happen({ what: "transcript", now, isChoosing });
  }

  async function leave(address: string, text: string): Promise<void> {
    happen({ what: "letter", now: "sending" });
    const left = await leaveMessage(server, connection.token, address, text);
    const now = "good" in left ? "left" : { trouble: left.trouble ?? voice.say("letter_failed") };
    happen({ what: "letter", now });
  }

  function pick(known: Pick<Product, "id" | "name"> & Partial<Product>): void {
    const blank = { brand: "", category: "", country: "", picture: "", related: [], manual: undefined };
    const { id, name, brand = "", category = "", country = "" } = known;
    happen({ what: "picked", product: { ...blank, id, name, brand, category, country } });
    options.onProduct?.(id);
    void fetchProduct(server, id).then((product) => {
      if (product !== undefined) happen({ what: "described", product });
    });
  }

  function ask(product: Product, question: string, image: string | undefined): void {
    const picture = image === undefined ? {} : { image };
    const id = connection.ask({ product_id: product.id, query: question, scenario: state.scenario, ...picture });
    happen({ what: "asked", id, product, question, image });
    view?.toLast();
    view?.composer.focus();
  }

  async function attach(file: File): Promise<void> {
    const limit = state.limits?.image_bytes ?? Infinity;
    if (hasPerson(state.person)) {
      const fitting = await fit(file);
      view?.composer.complain(fitting === undefined ? voice.say("upload_unreadable") : "");
      if (fitting !== undefined) happen({ what: "image", image: await dataAddress(fitting) });
    } else if (!PICTURES.includes(file.type)) {
      view?.composer.complain(voice.say("picture_kind"));
    } else if (file.size > limit) {
      view?.composer.complain(voice.say("picture_large", { n: Math.floor(limit / 1024 / 1024) }));
    } else {
      view?.composer.complain("");
      happen({ what: "image", image: await dataAddress(file) });
    }
  }

  function speak(language: string): void {
    voice = voiceOf(language);
    view = draw(root, { voice, deeds, server, heading: options.heading, prefix }, state);
  }

  speak(options.language);
  connection.connect();
  deeds.type(""); // The sample of the catalog.
  // A laptop that wakes, a train that leaves the tunnel: no need to wait for the next try.
  const comeBack = (): void => {
    if (document.visibilityState === "visible" && state.link === "lost") deeds.reconnect();
  };
  window.addEventListener("online", comeBack);
  document.addEventListener("visibilitychange", comeBack);
  if (options.productId !== undefined && state.product?.id !== options.productId) void begin(options.productId);

  async function begin(id: string): Promise<void> {
    const product = await fetchProduct(server, id);
    // An address that names a product means it, whatever was talked about before.
    if (product !== undefined && (state.product === undefined || kept !== undefined)) happen({ what: "picked", product });
  }

  return {
    focus: () => {
      if (state.product === undefined || state.changing) view?.finder.focus();
      else view?.composer.focus();
    },
    speak: (language) => {
      speak(language);
      connection.speak(language);
    },
  };
}

interface View {
  finder: ReturnType<typeof finder>;
  composer: ReturnType<typeof composer>;
  update(state: State): void;
  /** Puts the last question at the top, so that its answer is read from its beginning. */
  toLast(): void;
  /** Shows the end of the thread. */
  toEnd(): void;
}

function draw(root: HTMLElement, maker: Maker, first: State): View {
  const { voice } = maker;
  const find = finder(maker);
  const compose = composer(maker);
  const header = productHeader(maker);
  const news = el("div", { class: "unseen", "aria-live": "polite" });
  const head = el("div", { class: "head" });
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": voice.say("app") });
  const said = word(maker);
  const person = personStrip(maker);
  const ending = endingPart(maker);
  const parts: Part[] = [notice(maker), greeting(maker), header, find, sample(maker), examples(maker), thread(maker), compose, said, person, ending];
  const [bar, greet, , , samples, example, talk] = parts.map((part) => part.element);
  head.append(...[greet, header.element, find.element].filter((part) => part !== undefined));
  scroll.append(head, ...[samples, example, talk].filter((part) => part !== undefined));
  root.replaceChildren(...[bar, said.element, scroll, el("div", { class: "under" }, person.element, ending.element), compose.element, news].filter((part) => part !== undefined));
  set(root, { lang: voice.language, dir: voice.words.dir });

  let shown: State | undefined;
  const toLast = (): void => {
    const last = talk?.lastElementChild;
    if (!(last instanceof HTMLElement) || talk === undefined) return;
    const under = head.offsetHeight + AIR;
    talk.style.setProperty("--room", `${Math.max(0, scroll.clientHeight - under - AIR)}px`);
    scroll.scrollTop += last.getBoundingClientRect().top - scroll.getBoundingClientRect().top - under;
  };
  const toEnd = (): void => {
    scroll.scrollTop = scroll.scrollHeight;
  };
  const update = (state: State): void => {
    const before = shown;
    shown = state;
    root.dataset.stage = state.product === undefined && state.person.entries.length === 0 ? "start" : "talk";
    const wasAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
    for (const part of parts) part.update(state);
    // A talk is read at its end; an answer is read from its beginning, and stays where it is.
    if (before !== undefined && before.person.entries !== state.person.entries && wasAtEnd) toEnd();
    const announced = announcement(before, state, voice);
    if (announced !== undefined) news.textContent = announced;
  };
  update(first);
  return { finder: find, composer: compose, update, toLast, toEnd };
}

/** What a screen reader is told of a change that only the eye would see. */
function announcement(before: State | undefined, state: State, voice: Voice): string | undefined {
  if (before?.options !== state.options && state.listOpen && state.found !== undefined) {
    const none = (): string => voice.say("found_none", { typed: state.typed.trim() });
    return state.options.length === 0 ? none() : voice.count("found", state.options.length);
  }
  const ended = state.turns.some((turn, at) => {
    const earlier = before?.turns[at];
    return earlier !== undefined && isOpen(earlier) && !isOpen(turn);
  });
  if (ended) return voice.say("ready");
  const entries = state.person.entries;
  const last = before !== undefined && before.person.entries !== entries ? entries.at(-1) : undefined;
  if (last?.kind === "said" && last.from === "agent") return `${last.name}: ${last.text}`;
  if (last?.kind === "event") return voice.say(last.word, { name: last.name });
  const moved = state.turns.find((turn, at) => turn.place !== undefined && turn.place !== before?.turns[at]?.place);
  return moved?.place === undefined ? undefined : inLine(moved.place, voice);
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
