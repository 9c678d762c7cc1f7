// The page at `/`: the chat in the whole window, the language menu, the product in the address.
//
// Each product is an entry in the browser's history, and so is the start page: Back returns from a product, Forward
// goes there again, and a reload shows the product of the address.

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

// Some browsers show a keyboard over the page and keep its height: the page uses the visible height.
const seen = window.visualViewport;
seen?.addEventListener("resize", () => {
  // While zoomed with two fingers, a part of the page is off screen intentionally.
  if (seen.scale === 1) document.body.style.setProperty("--visible-height", `${seen.height}px`);
});
