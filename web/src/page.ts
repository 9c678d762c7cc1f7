// The page at `/`: the chat over the whole window, the choice of language, the product in the address.

import { type Chat, mountChat } from "./chat.ts";
import { found, frame } from "./frame.ts";
import "./style/chat.css";

const language = frame("app", (tag) => {
  chat.speak(tag);
});
const chat: Chat = mountChat(found("#chat", HTMLElement), {
  server: new URL(location.origin),
  language,
  heading: "h1",
  productId: new URL(location.href).searchParams.get("product") ?? undefined,
  onProduct: (id) => {
    const now = new URL(location.href);
    now.searchParams.set("product", id);
    history.replaceState(null, "", now);
  },
});
chat.focus();
