// The chat: one component for the page and for the widget. It wires the state, the connection and the parts.

import { inLine } from "./answer/turn.ts";
import { el, set } from "./element.ts";
import { composer, PICTURES } from "./parts/composer.ts";
import { finder } from "./parts/finder.ts";
import { notice } from "./parts/notice.ts";
import type { Deeds, Maker, Part } from "./parts/part.ts";
import { productHeader } from "./parts/product.ts";
import { examples, greeting, sample } from "./parts/start.ts";
import { thread } from "./parts/thread.ts";
import { word } from "./parts/word.ts";
import { beginning, type Happening, isOpen, reduce, type State } from "./state.ts";
import { Connection, type Socket } from "./wire/connection.ts";
import { fetchProduct, type Product } from "./wire/product.ts";
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
/** Above a question that is at the top, in pixels. */
const AIR = 20;

/** Puts a chat into an element and connects it. */
export function mountChat(root: HTMLElement, options: ChatOptions): Chat {
  const { server } = options;
  const prefix = `hsc${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? ""}`;
  let state: State = beginning;
  let voice: Voice = voiceOf(options.language);
  let view: View | undefined;

  const connection = new Connection({
    open: () => new WebSocket(socketAddress(server)) as Socket,
    clock: {
      after: (ms, what) => {
        const timer = setTimeout(what, ms);
        return () => {
          clearTimeout(timer);
        };
      },
      random: Math.random,
    },
    listener: {
      opened: ({ limits, recovered }, lost) => {
        happen({ what: "opened", limits, recovered, lost });
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
      heard: (message, id) => {
        happen({ what: "heard", message, id });
      },
      refused: (id) => {
        happen({ what: "refused", id });
      },
    },
    locale: voice.language,
    prefix,
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
  };

  function happen(happening: Happening): void {
    state = reduce(state, happening);
    view?.update(state);
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
    if (!PICTURES.includes(file.type)) {
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
  if (options.productId !== undefined) void begin(options.productId);

  async function begin(id: string): Promise<void> {
    const product = await fetchProduct(server, id);
    if (product !== undefined && state.product === undefined) happen({ what: "picked", product });
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
  const parts: Part[] = [notice(maker), greeting(maker), header, find, sample(maker), examples(maker), thread(maker), compose, said];
  const [bar, greet, , , samples, example, talk] = parts.map((part) => part.element);
  head.append(...[greet, header.element, find.element].filter((part) => part !== undefined));
  scroll.append(head, ...[samples, example, talk].filter((part) => part !== undefined));
  root.replaceChildren(...[bar, said.element, scroll, compose.element, news].filter((part) => part !== undefined));
  set(root, { lang: voice.language, dir: voice.words.dir });

  let shown: State | undefined;
  const toLast = (): void => {
    const last = talk?.lastElementChild;
    if (!(last instanceof HTMLElement) || talk === undefined) return;
    const under = head.offsetHeight + AIR;
    talk.style.setProperty("--room", `${Math.max(0, scroll.clientHeight - under - AIR)}px`);
    scroll.scrollTop += last.getBoundingClientRect().top - scroll.getBoundingClientRect().top - under;
  };
  const update = (state: State): void => {
    const before = shown;
    shown = state;
    root.dataset.stage = state.product === undefined ? "start" : "talk";
    for (const part of parts) part.update(state);
    const announced = announcement(before, state, voice);
    if (announced !== undefined) news.textContent = announced;
  };
  update(first);
  return { finder: find, composer: compose, update, toLast };
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
  const moved = state.turns.find((turn, at) => turn.place !== undefined && turn.place !== before?.turns[at]?.place);
  return moved?.place === undefined ? undefined : inLine(moved.place, voice);
}

function socketAddress(server: URL): URL {
  const address = new URL("/ws", server);
  address.protocol = server.protocol === "https:" ? "wss:" : "ws:";
  return address;
}

function dataAddress(file: File): Promise<string> {
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
