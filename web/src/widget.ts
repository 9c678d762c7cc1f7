// The widget: the chat in a foreign page, by one script tag.
//
//   <script src="https://help.example/widget.js" async data-language="he" data-accent="#0a58ca"></script>
//
//   data-language   BCP 47 tag; else the page's own language, else the visitor's
//   data-accent     colour of buttons and links, as CSS says it
//   data-theme      light or dark; else the visitor's
//   data-side       end (default) or start: the corner it sits in
//   data-title      words on the button and above the chat
//   data-product    id of the product to begin with
//
// It lives in a shadow root, so neither page styles the other, and talks to the host that the script is from.
//
// One document has one widget, however often the script runs in it, and it stays when the page replaces its body
// (Turbo and other navigation without a new document). In the next document it goes on by itself where an agent,
// a place in line or an answer is awaited; else it connects when it is opened first, so that a page with a widget
// that nobody opens costs the server nothing.

import { type Chat, mountChat, type Unread } from "./chat.ts";
import { button, el, icon, set } from "./element.ts";
import { isAwaited, storeOpen, wasOpen } from "./storage.ts";
import stylesheet from "./style/chat.css?inline";
import { inkOn } from "./style/contrast.ts";
import { chooseLanguage, i18nOf } from "./words/words.ts";

/** Symbol under which a document stores its widget. */
const STANDING = Symbol.for("hsc-widget");
/** The tag of its element. */
const TAG = "hsc-widget";
/** Most re-insertions into a body per second; a page that removes it more often does not want it. */
const PUT_BACK_AT_MOST = 20;

interface Standing {
  /** The script ran once more, perhaps for another page of the same document. */
  again(dataset: DOMStringMap): void;
}

// Only during the first run of the script; a module would not know its tag, hence one classic script.
const tag = document.currentScript;
if (tag instanceof HTMLScriptElement) {
  // In the head there is no body yet.
  if (document.readyState !== "loading") embed(tag);
  else document.addEventListener("DOMContentLoaded", () => {
    embed(tag);
  });
}

function embed(script: HTMLScriptElement): void {
  const { dataset } = script;
  const here = document as Document & { [STANDING]?: Standing };
  if (here[STANDING] !== undefined) {
    here[STANDING].again(dataset);
    return;
  }
  const server = new URL(new URL(script.src).origin);
  let productId = dataset.product;
  const languages = [dataset.language, document.documentElement.lang, ...navigator.languages];
  const i18n = i18nOf(chooseLanguage(languages));
  const title = dataset.title ?? i18n.t("widget_open");

  const host = el(TAG as "div");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet(stylesheet), sheet(colours(dataset.accent, dataset.theme))];

  const chatRoot = el("div", { class: "chat" });
  const closeLabel = i18n.t("widget_close");
  const close = button({ class: "quiet round", "aria-label": closeLabel, title: closeLabel }, shut, icon("close"));
  const panel = el(
    "div",
    { class: "panel", role: "dialog", "aria-label": title, hidden: true },
    el("div", { class: "panel-bar" }, el("h2", { dir: "auto" }, title), close),
    chatRoot,
  );
  const badge = el("span", { class: "launcher-badge", "aria-hidden": "true", hidden: true });
  const launcher = button({ class: "launcher", "aria-haspopup": "dialog", title }, open, icon("chat"), el("span", {}, title), badge);
  // Outside of the panel: hidden content is not announced.
  const news = el("div", { class: "unseen", role: "status" });
  const side = dataset.side === "start" ? "side-start" : "side-end";
  root.append(el("div", { class: side, dir: i18n.words.dir, lang: i18n.language }, launcher, panel, news));

  let chat: Chat | undefined;

  function mount(): Chat {
    chat ??= mountChat(chatRoot, { server, language: i18n.language, heading: "h2", productId, onUnread, page: () => location.href });
    return chat;
  }

  function show(): Chat {
    panel.hidden = false;
    launcher.hidden = true;
    storeOpen(server, true);
    news.textContent = "";
    return mount();
  }

  function open(): void {
    show().focus();
  }

  function shut(): void {
    panel.hidden = true;
    launcher.hidden = false;
    storeOpen(server, false);
    launcher.focus();
  }

  function onUnread({ messages, any, sentence }: Unread): void {
    badge.hidden = !any;
    badge.textContent = messages > 0 ? String(messages) : "";
    set(launcher, { "aria-label": any ? `${title}. ${sentence}` : undefined });
    if (panel.hidden) news.textContent = sentence;
  }

  panel.addEventListener("keydown", (event) => {
    // A list that closes on Escape has handled the key.
    if (event.key === "Escape") shut();
    // Text typed here is not a shortcut of the page around it.
    event.stopPropagation();
  });

  here[STANDING] = {
    again: (wishes) => {
      productId = wishes.product;
    },
  };
  stay(host, root);
  // On a phone the panel would cover the new page; the badge shows the message there.
  const hasRoom = !matchMedia("(width < 30rem)").matches;
  if (wasOpen(server) && hasRoom) show();
  else if (isAwaited(server)) mount();
}

/** Keeps the widget in the document, only once, even if the page replaces its body. */
function stay(host: HTMLElement, root: ShadowRoot): void {
  // An element that is removed and inserted again loses the focus.
  let focused: HTMLElement | undefined;
  root.addEventListener("focusin", ({ target }) => {
    focused = target instanceof HTMLElement ? target : undefined;
  });
  root.addEventListener("focusout", () => {
    if (host.isConnected) focused = undefined;
  });
  let puts = 0;

  const put = (): void => {
    // A page that is cached to be shown again (as Turbo does) contains an empty copy.
    for (const other of document.querySelectorAll(TAG)) if (other !== host) other.remove();
    const body = document.body as HTMLElement | null;
    if (body !== null && host.parentNode !== body) {
      puts += 1;
      if (puts === 1) {
        setTimeout(() => {
          puts = 0;
          put();
        }, 1000);
      }
      if (puts <= PUT_BACK_AT_MOST) {
        body.append(host);
        focused?.focus({ preventScroll: true });
      }
    }
    watch();
  };
  const observer = new MutationObserver(put);
  /** The document, its root and its body may each be replaced. */
  function watch(): void {
    for (const node of [document, document.documentElement, document.body as HTMLElement | null]) {
      if (node !== null) observer.observe(node, { childList: true });
    }
  }
  put();
}

function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** The foreign page's options as a sheet: a strict policy forbids style attributes there. */
function colours(accent: string | undefined, theme: string | undefined): string {
  const rules: string[] = [];
  if (theme === "light" || theme === "dark") rules.push(`color-scheme: ${theme};`);
  if (accent !== undefined && CSS.supports("color", accent)) {
    rules.push(`--accent: ${accent};`, `--on-accent: ${inkOn(accent)};`);
  }
  return `:host { ${rules.join(" ")} }`;
}
