// The page at `/`: the chat over the whole window, the choice of language, the product in the address.

import { mountChat } from "./chat.ts";
import { el, set } from "./element.ts";
import "./style/chat.css";
import { chooseLanguage, languages, voiceOf } from "./words/words.ts";

/** Where the chosen language is remembered. */
const REMEMBERED = "hsc-language";

const address = new URL(location.href);
const root = found("#chat", HTMLElement);
const choice = found("#language", HTMLSelectElement);

const language = chooseLanguage([address.searchParams.get("lang"), remembered(), ...navigator.languages]);
const chat = mountChat(root, {
  server: new URL(location.origin),
  language,
  heading: "h1",
  productId: address.searchParams.get("product") ?? undefined,
  onProduct: (id) => {
    const now = new URL(location.href);
    now.searchParams.set("product", id);
    history.replaceState(null, "", now);
  },
});

for (const [tag, words] of languages) choice.append(el("option", { value: tag, lang: tag }, words.language));
choice.addEventListener("change", () => {
  remember(choice.value);
  dress(choice.value);
  chat.speak(choice.value);
});
dress(language);
chat.focus();

/** What of the page lies outside the chat. */
function dress(tag: string): void {
  const voice = voiceOf(tag);
  set(document.documentElement, { lang: tag, dir: voice.words.dir });
  set(choice, { "aria-label": voice.say("choose_language") });
  choice.value = tag;
  document.title = `${voice.say("app")} · HSC`;
}

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null; // Storage is switched off; the browser's languages will do.
  }
}

function remember(tag: string): void {
  try {
    localStorage.setItem(REMEMBERED, tag);
  } catch {
    // Then it is chosen again next time.
  }
}

function found<Kind extends Element>(selector: string, kind: new () => Kind): Kind {
  const element = document.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`index.html has no ${selector}`);
  return element;
}
