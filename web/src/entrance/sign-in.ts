// The page at `/sign-in`: signing in by password or provider, and signing out.

import { button, el, fill } from "../element.ts";
import { found, frame } from "../frame.ts";
import "../style/entrance.css";
import { type Me, signIn, signOut, ways, currentUser } from "../wire/team.ts";
import { type I18n, i18nOf } from "../words/words.ts";
import { form, why } from "./form.ts";
import { wanted, wayOf } from "./way.ts";

const server = new URL(location.origin);
const root = found("#entrance", HTMLElement);
const page = wanted(new URL(location.href));
/** The command that creates the first account on the server. */
const ADD_FIRST = 'hsc user add you@example.com --name "Your name" --role admin';
/** Why the sign-in at the provider failed, from the server. */
let failed = new URL(location.href).searchParams.get("failed") ?? undefined;

// Before the first drawing: drawing a form again loses its text.
const [known, { provider: providerName, hasAccounts }] = await Promise.all([currentUser(server), ways(server)]);
let me: Me | undefined = known;
let i18n = i18nOf(frame("sign_in_title", (tag) => {
  draw(i18nOf(tag));
}));
draw(i18n);

function draw(spoken: I18n): void {
  i18n = spoken;
  const isFirst = me === undefined && !hasAccounts;
  const title = el("h1", { class: "title" }, i18n.t(isFirst ? "entrance_first_title" : "sign_in_title"));
  fill(root, el("div", { class: "card-of-one" }, title, ...(me === undefined ? outside() : inside(me))));
}

/** Without an account a sign-in is impossible: shows how the first one is created. */
function beforeTheFirst(): Node[] {
  const again = (): void => {
    location.reload();
  };
  return [
    el("p", {}, i18n.t("entrance_first_why")),
    el(
      "ol",
      { class: "first-ways" },
      el("li", {}, i18n.t("entrance_first_link")),
      el("li", {}, i18n.t("entrance_first_command"), el("code", { dir: "ltr", tabindex: "0" }, ADD_FIRST)),
    ),
    button({ class: "other" }, again, i18n.t("entrance_first_done")),
  ];
}

function outside(): Node[] {
  const other = providerName === undefined ? undefined : byProvider(providerName);
  if (!hasAccounts) return [...beforeTheFirst(), ...(other === undefined ? [] : [other])];
  const entrance = form(
    i18n,
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
  if (other === undefined) return [entrance.element];
  return [other, el("p", { class: "or" }, i18n.t("sign_in_or")), entrance.element];
}

function byProvider(name: string): HTMLElement {
  const next = page === undefined ? "" : `?next=${page}`;
  return el("a", { class: "other", href: `/sign-in/openid${next}` }, i18n.t("sign_in_with", { provider: name }));
}

function inside(known: Me): Node[] {
  const wrong = el("p", { class: "wrong", role: "alert" });
  const leave = async (everywhere: boolean): Promise<void> => {
    if (await signOut(server, known, everywhere)) {
      me = undefined;
      draw(i18n);
    } else {
      wrong.textContent = why(i18n, { what: "away" });
    }
  };
  const role = i18n.t(known.role === "admin" ? "role_admin" : "role_agent");
  // A user without the permission for the requested page gets a message, not a redirect loop.
  const mayNot = page === "/admin" && known.role !== "admin";
  return [
    el("p", {}, i18n.t("sign_in_known", { name: known.name, role })),
    mayNot ? el("p", { class: "wrong" }, i18n.t("entrance_forbidden")) : undefined,
    el("p", { class: "ways" }, el("a", { class: "other", href: wayOf(known, page) }, i18n.t("sign_in_on"))),
    el(
      "div",
      { class: "ways" },
      button({ class: "quiet" }, () => void leave(false), i18n.t("sign_out")),
      button({ class: "quiet" }, () => void leave(true), i18n.t("sign_out_everywhere")),
    ),
    wrong,
  ].filter((part) => part !== undefined);
}
