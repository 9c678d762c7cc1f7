// The page at `/`: the chat over the whole window, the choice of language, the product in the address.
//
// Each product is a place in the history of the browser, and the start page is one too: Back goes from a product
// to where it was chosen, Forward returns, and a page that is loaded again shows what its address says.

import { type Chat, mountChat } from "./chat.ts";
import { found, frame } from "./frame.ts";
import "./style/chat.css";

const PRODUCT = "product";
const addressed = (): string | undefined => new URL(location.href).searchParams.get(PRODUCT) ?? undefined;

const language = frame("app", (tag) => {
  chat.speak(tag);
});
const chat: Chat = mountChat(found("#chat", HTMLElement), {
  server: new URL(location.origin),
  language,
  heading: "h1",
  productId: addressed(),
  isAddressed: true,
  ownsTitle: true,
  onProduct: (id) => {
    if (addressed() === id) return;
    const now = new URL(location.href);
    now.searchParams.set(PRODUCT, id);
    history.pushState(null, "", now);
  },
});
window.addEventListener("popstate", () => {
  chat.show(addressed());
});
chat.focus();

// Some browsers lay a keyboard over the page and leave its height: the page keeps to what is seen.
const seen = window.visualViewport;
seen?.addEventListener("resize", () => {
  // Zoomed with two fingers, a part of the page is meant to be out of sight.
  if (seen.scale === 1) document.body.style.setProperty("--visible-height", `${seen.height}px`);
});
