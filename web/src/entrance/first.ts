// The page at `/first`: creates the first account, by the link that the server printed.

import { el, fill } from "../element.ts";
import { found, frame } from "../frame.ts";
import "../style/entrance.css";
import { createFirst } from "../wire/team.ts";
import { type I18n, i18nOf } from "../words/words.ts";
import { form } from "./form.ts";
import { wayOf } from "./way.ts";

/** Minimum length of a password; the server decides (src/identity/password.rs). */
const FEWEST = 12;

const server = new URL(location.origin);
const root = found("#entrance", HTMLElement);
const token = new URL(location.href).searchParams.get("token") ?? "";
// Removes the token from the address bar and the history, so that it cannot be read there.
history.replaceState(null, "", "/first");

draw(i18nOf(frame("first_title", (tag) => {
  draw(i18nOf(tag));
})));

function draw(i18n: I18n): void {
  const title = el("h1", { class: "title" }, i18n.t("first_title"));
  if (token === "") {
    fill(root, el("div", { class: "card-of-one" }, title, el("p", {}, i18n.t("first_no_link"))));
    return;
  }
  const entrance = form(
    i18n,
    [
      { name: "name", label: "first_name", type: "text", autocomplete: "name", hint: "first_name_hint" },
      { name: "address", label: "sign_in_address", type: "email", autocomplete: "username" },
      { name: "password", label: "sign_in_password", type: "password", autocomplete: "new-password", hint: "first_password_hint", minlength: FEWEST },
    ],
    "first_make",
    async (filled) => {
      const value = (name: string): string => filled.get(name) ?? "";
      const entry = await createFirst(server, { token, name: value("name"), address: value("address"), password: value("password") });
      if (entry.what === "in") location.assign(wayOf(entry.me, undefined));
      else entrance.refuse(entry);
    },
  );
  fill(root, el("div", { class: "card-of-one" }, title, el("p", {}, i18n.t("first_why")), entrance.element));
  entrance.focus();
}
