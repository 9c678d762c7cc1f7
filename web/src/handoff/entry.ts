// An entry of a chat with an agent: a message or an event.

import { printedPage } from "../answer/page.ts";
import { button, el, fill, icon } from "../element.ts";
import type { Maker } from "../parts/part.ts";
import { safeAddress } from "../wire/product.ts";
import type { Entry, Said } from "./state.ts";

export interface EntryPart {
  element: HTMLElement;
  update: (entry: Entry) => void;
}

/** A cited page; its address comes with the message. */
const CITED = /\[MANUAL: page (\d+)\]/g;

export function entryPart({ i18n, actions, server }: Maker): EntryPart {
  const element = el("li", { class: "entry" });
  const clock = new Intl.DateTimeFormat(i18n.language, { hour: "numeric", minute: "2-digit" });
  let shown: Entry | undefined;

  function update(entry: Entry): void {
    if (entry === shown) return;
    shown = entry;
    element.dataset.kind = entry.kind;
    if (entry.kind === "event") {
      const why = entry.why === undefined ? undefined : el("span", { dir: "auto" }, entry.why);
      fill(element, el("p", {}, i18n.t(entry.word, { name: entry.name }), why === undefined ? undefined : " ", why));
      return;
    }
    element.dataset.from = entry.from;
    element.dataset.sent = String(entry.sent);
    const who = entry.from === "visitor" ? i18n.t("person_you") : entry.name;
    const time = entry.atMs === 0 ? undefined : el("time", { datetime: new Date(entry.atMs).toISOString() }, clock.format(entry.atMs));
    fill(
      element,
      el("p", { class: "entry-who" }, el("bdi", {}, who), " ", time),
      picture(entry),
      entry.text === "" ? undefined : el("p", { class: "entry-text", dir: "auto" }, ...words(entry)),
      standing(entry),
    );
  }

  function standing(entry: Entry & Said): HTMLElement | undefined {
    if (entry.trouble !== undefined) {
      const again = (): void => {
        actions.resend(entry.key);
      };
      const why = "word" in entry.trouble ? i18n.t(entry.trouble.word) : entry.trouble.text;
      return el(
        "p",
        { class: "entry-trouble", role: "alert" },
        el("span", { dir: "auto" }, i18n.t("person_not_sent"), " ", why),
        " ",
        button({ class: "quiet" }, again, icon("retry"), i18n.t("person_again")),
      );
    }
    return entry.sent ? undefined : el("p", { class: "entry-waits" }, i18n.t("person_sending"));
  }

  function words(entry: Entry & Said): (Node | string)[] {
    const pieces = entry.text.split(CITED);
    return pieces.map((piece, at) => {
      if (at % 2 === 0) return piece;
      const page = Number(piece);
      const cited = entry.citations.find((citation) => citation.page === page);
      const address = cited && safeAddress(server, cited.url);
      const label = i18n.t("page", { n: printedPage(page, entry.citations) });
      if (address === undefined) return label;
      return el("a", { class: "cite", href: address, target: "_blank", rel: "noopener", title: cited?.quote }, label);
    });
  }

  function picture({ upload: id, image: own }: Said): HTMLElement | undefined {
    if (id === undefined) {
      return own === undefined ? undefined : el("span", { class: "entry-picture" }, el("img", { src: own, alt: i18n.t("upload_picture") }));
    }
    const address = new URL(`/uploads/${encodeURIComponent(id)}`, server).href;
    const image = el("img", { src: address, alt: i18n.t("upload_picture") });
    const link = el("a", { class: "entry-picture", href: address, target: "_blank", rel: "noopener" }, image);
    image.addEventListener("error", () => {
      link.replaceWith(el("p", { class: "entry-waits" }, i18n.t("upload_gone")));
    });
    return link;
  }

  return { element, update };
}
