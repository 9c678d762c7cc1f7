// The page at `/sign-in`: in by password or by way of the provider, and out again.

import { button, el, fill } from "../element.ts";
import { found, frame } from "../frame.ts";
import "../style/entrance.css";
import { type Me, provider, signIn, signOut, whoIsIn } from "../wire/team.ts";
import { type Voice, voiceOf } from "../words/words.ts";
import { form, why } from "./form.ts";
import { wanted, wayOf } from "./way.ts";

const server = new URL(location.origin);
const root = found("#entrance", HTMLElement);
const page = wanted(new URL(location.href));
/** Why the provider's way ended here, as the server says it. */
let failed = new URL(location.href).searchParams.get("failed") ?? undefined;

// Before anything is drawn: a form that is drawn twice loses what was typed into it.
const [known, providerName] = await Promise.all([whoIsIn(server), provider(server)]);
let me: Me | undefined = known;
let voice = voiceOf(frame("sign_in_title", (tag) => {
  draw(voiceOf(tag));
}));
draw(voice);

function draw(spoken: Voice): void {
  voice = spoken;
  const title = el("h1", { class: "title" }, voice.say("sign_in_title"));
  fill(root, el("div", { class: "card-of-one" }, title, ...(me === undefined ? outside() : inside(me))));
}

function outside(): Node[] {
  const entrance = form(
    voice,
    [
      { name: "address", label: "sign_in_address", type: "email", autocomplete: "username" },
      { name: "password", label: "sign_in_password", type: "password", autocomplete: "current-password" },
    ],
    "sign_in",
    async (filled) => {
      const entry = await signIn(server, filled.get("address") ?? "", filled.get("password") ?? "");
      if (entry.what === "in") location.assign(wayOf(entry.me, page));
      else entrance.refuse(entry);
    },
  );
  if (failed !== undefined) entrance.refuse({ what: "refused", code: failed });
  failed = undefined;
  queueMicrotask(() => {
    entrance.focus();
  });
  if (providerName === undefined) return [entrance.element];
  const next = page === undefined ? "" : `?next=${page}`;
  const other = el("a", { class: "other", href: `/sign-in/openid${next}` }, voice.say("sign_in_with", { provider: providerName }));
  return [other, el("p", { class: "or" }, voice.say("sign_in_or")), entrance.element];
}

function inside(known: Me): Node[] {
  const wrong = el("p", { class: "wrong", role: "alert" });
  const leave = async (everywhere: boolean): Promise<void> => {
    if (await signOut(server, known, everywhere)) {
      me = undefined;
      draw(voice);
    } else {
      wrong.textContent = why(voice, { what: "away" });
    }
  };
  const role = voice.say(known.role === "admin" ? "role_admin" : "role_agent");
  // Who may not see the page they came for is told so, and not sent in a circle.
  const mayNot = page === "/admin" && known.role !== "admin";
  return [
    el("p", {}, voice.say("sign_in_known", { name: known.name, role })),
    mayNot ? el("p", { class: "wrong" }, voice.say("entrance_forbidden")) : undefined,
    el("p", { class: "ways" }, el("a", { class: "other", href: wayOf(known, page) }, voice.say("sign_in_on"))),
    el(
      "div",
      { class: "ways" },
      button({ class: "quiet" }, () => void leave(false), voice.say("sign_out")),
      button({ class: "quiet" }, () => void leave(true), voice.say("sign_out_everywhere")),
    ),
    wrong,
  ].filter((part) => part !== undefined);
}
