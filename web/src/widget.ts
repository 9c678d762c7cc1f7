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

import { type Chat, mountChat } from "./chat.ts";
import { button, el, icon, set } from "./element.ts";
import stylesheet from "./style/chat.css?inline";
import { inkOn } from "./style/contrast.ts";
import { chooseLanguage, voiceOf } from "./words/words.ts";

// Only while the script first runs; a module would not know its tag, hence one classic script.
const tag = document.currentScript;
if (tag instanceof HTMLScriptElement) {
  // In the head there is no body yet to put it into.
  if (document.readyState !== "loading") embed(tag);
  else document.addEventListener("DOMContentLoaded", () => {
    embed(tag);
  });
}

function embed(script: HTMLScriptElement): void {
  const { dataset } = script;
  const asked = [dataset.language, document.documentElement.lang, ...navigator.languages];
  const voice = voiceOf(chooseLanguage(asked));
  const title = dataset.title ?? voice.say("widget_open");

  const host = el("hsc-widget" as "div");
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet(stylesheet), sheet(colours(dataset.accent, dataset.theme))];

  const chatRoot = el("div", { class: "chat" });
  const closeLabel = voice.say("widget_close");
  const close = button({ class: "quiet round", "aria-label": closeLabel, title: closeLabel }, shut, icon("close"));
  const panel = el(
    "div",
    { class: "panel", role: "dialog", "aria-label": title, hidden: true },
    el("div", { class: "panel-bar" }, el("h2", { dir: "auto" }, title), close),
    chatRoot,
  );
  const launcher = button({ class: "launcher", "aria-haspopup": "dialog" }, open, icon("chat"), el("span", {}, title));
  const side = dataset.side === "start" ? "side-start" : "side-end";
  root.append(el("div", { class: side, dir: voice.words.dir, lang: voice.language }, launcher, panel));
  document.body.append(host);

  // Connected when it is opened first: a page with a widget that nobody opens costs the server nothing.
  let chat: Chat | undefined;

  function open(): void {
    panel.hidden = false;
    launcher.hidden = true;
    chat ??= mountChat(chatRoot, {
      server: new URL(new URL(script.src).origin),
      language: voice.language,
      heading: "h2",
      productId: dataset.product,
    });
    chat.focus();
  }

  function shut(): void {
    panel.hidden = true;
    launcher.hidden = false;
    launcher.focus();
  }

  panel.addEventListener("keydown", (event) => {
    // A list that Escape closes first has kept the key for itself.
    if (event.key === "Escape") shut();
    // What is typed here is no shortcut of the page around it.
    event.stopPropagation();
  });
  set(launcher, { title: title });
}

function sheet(css: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** The foreign page's wishes, as a sheet: a strict policy there has no room for style attributes. */
function colours(accent: string | undefined, theme: string | undefined): string {
  const rules: string[] = [];
  if (theme === "light" || theme === "dark") rules.push(`color-scheme: ${theme};`);
  if (accent !== undefined && CSS.supports("color", accent)) {
    rules.push(`--accent: ${accent};`, `--on-accent: ${inkOn(accent)};`);
  }
  return `:host { ${rules.join(" ")} }`;
}
