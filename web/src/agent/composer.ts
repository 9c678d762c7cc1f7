// The agent's composer: a message to the visitor or a note for the team, clearly distinguished.

import { button, el, fill, icon, set } from "../element.ts";
import { keyed } from "./keyed.ts";
import type { Library } from "./library.ts";
import type { Maker, Part } from "./part.ts";
import { filled, fitting, inserted, slashBefore } from "./replies.ts";
import type { Reply } from "./requests.ts";
import { isMine, isNoting, mayReply, productIn, shownTalk, type State, type Talk, ticketOf } from "./state.ts";
import { cite } from "./thread.ts";

/** Longest message and longest note that the server accepts, in characters. */
const MESSAGE_CHARS = 2_000;
const NOTE_CHARS = 5_000;

export interface Composer extends Part {
  focus(): void;
  complain(sentence: string): void;
}

export function composer(maker: Maker): Composer {
  const { i18n, actions } = maker;
  const field = el("textarea", { class: "field", rows: 1, "aria-autocomplete": "list", "aria-controls": "canned" });
  const send = el("button", { type: "submit", class: "send" });
  const drafts = button({ class: "quiet round", title: i18n.t("agent_draft"), "aria-label": i18n.t("agent_draft") }, () => {
    if (at !== undefined) actions.draft(at);
  }, icon("book"));
  const file = el("input", { type: "file", hidden: true, tabindex: "-1" });
  const attach = button({ class: "quiet round", title: i18n.t("attach"), "aria-label": i18n.t("attach") }, () => {
    file.click();
  }, icon("picture"));
  const reply = modeButton(false);
  const note = modeButton(true);
  const modes = el("div", { class: "modes", role: "group", "aria-label": i18n.t("agent_mode") }, reply, note);
  const manage = button({ class: "quiet" }, actions.replies, i18n.t("agent_replies"));
  const rests = el("div", { class: "draft-rests", hidden: true });
  const attached = el("div", { class: "attached", hidden: true });
  const canned = el("ul", { class: "canned", id: "canned", role: "listbox", "aria-label": i18n.t("agent_replies"), hidden: true });
  const none = el("p", { class: "hint", role: "status", hidden: true }, i18n.t("agent_replies_none"));
  const complaint = el("p", { class: "complaint", role: "alert" });
  const hint = el("p", { class: "hint kept-reply", role: "status", hidden: true }, i18n.t("agent_reply_kept"));
  const element = el(
    "form",
    { class: "composer desk-composer", hidden: true },
    canned,
    none,
    el("div", { class: "composer-top" }, modes, manage),
    rests,
    attached,
    el("div", { class: "writing" }, attach, file, field, drafts, send),
    hint,
    complaint,
  );

  let at: string | undefined;
  let state: State | undefined;
  let library: Library | undefined;
  let drawn: Talk["writing"] | undefined;
  let offered: Reply[] = [];
  let active = 0;
  let closedFor: string | undefined;

  const drawCanned = keyed<{ reply: Reply; isActive: boolean; at: number }>(canned, ({ reply }) => reply.id, (first) => {
    const row = el("li", { role: "option", id: `canned-${first.reply.id}` });
    row.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // Keeps the focus in the field.
      const place = offered.findIndex((one) => one.id === first.reply.id);
      if (place !== -1) insert(place);
    });
    return {
      element: row,
      update: ({ reply: one, isActive }) => {
        set(row, { "aria-selected": isActive ? "true" : "false" });
        fill(row, el("kbd", { dir: "ltr" }, `/${one.shortcut}`), el("span", { dir: "auto" }, one.text));
        if (isActive) row.scrollIntoView({ block: "nearest" });
      },
    };
  });

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  field.addEventListener("input", () => {
    if (at !== undefined) actions.write(at, field.value);
    complain(tooLong());
    closedFor = undefined;
    active = 0;
    offer();
  });
  field.addEventListener("click", offer);
  field.addEventListener("blur", () => {
    offered = [];
    drawOffered();
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (offered.length > 0 && chooses(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      submit();
    }
  });
  field.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
    if (pasted === undefined || at === undefined || attach.hidden) return;
    event.preventDefault();
    actions.attach(at, pasted);
  });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen !== undefined && at !== undefined) actions.attach(at, chosen);
    file.value = "";
  });

  function modeButton(isNote: boolean): HTMLButtonElement {
    return button({ class: "mode", "data-note": isNote }, () => {
      if (at === undefined) return;
      actions.note(at, isNote);
      field.focus();
    }, icon(isNote ? "lock" : "chat"), i18n.t(isNote ? "agent_note" : "agent_reply"));
  }

  /** True if the key was for the list of replies. */
  function chooses(event: KeyboardEvent): boolean {
    if (event.altKey) return false;
    switch (event.key) {
      case "ArrowDown":
      case "ArrowUp":
        active = (active + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
        drawOffered();
        break;
      case "Enter":
      case "Tab":
        if (event.shiftKey) return false;
        insert(active);
        break;
      case "Escape":
        closedFor = field.value;
        offered = [];
        drawOffered();
        event.stopPropagation();
        break;
      default:
        return false;
    }
    event.preventDefault();
    return true;
  }

  function offer(): void {
    const slash = slashBefore(field.value, field.selectionStart);
    const talk = at === undefined ? undefined : state?.talks[at];
    const product = productIn(talk, talk?.ticket);
    offered = slash === undefined || closedFor === field.value || library === undefined ? [] : fitting(library.replies, slash.typed, product);
    // Without any reply a slash would seem to do nothing.
    none.hidden = slash?.typed !== "" || library?.hasReplies !== true || library.replies.length > 0;
    drawOffered();
  }

  function drawOffered(): void {
    if (active >= offered.length) active = 0;
    canned.hidden = offered.length === 0;
    drawCanned(offered.map((one, place) => ({ reply: one, isActive: place === active, at: place })));
    const chosen = offered[active];
    set(field, { "aria-activedescendant": chosen === undefined ? undefined : `canned-${chosen.id}` });
  }

  function insert(place: number): void {
    const slash = slashBefore(field.value, field.selectionStart);
    const chosen = offered[place];
    if (slash === undefined || chosen === undefined || at === undefined || state === undefined) return;
    const ticket = ticketOf(state, at);
    const words = filled(chosen.text, { visitor: ticket?.visitor ?? undefined, product: ticket?.product?.name });
    const { text, caret } = inserted(field.value, slash, words);
    actions.write(at, text);
    field.setSelectionRange(caret, caret);
    offered = [];
    drawOffered();
  }

  function submit(): void {
    if (at === undefined || state === undefined) return;
    const writing = state.talks[at]?.writing;
    if (writing === undefined || (writing.text.trim() === "" && writing.upload === undefined) || tooLong() !== "") {
      field.focus();
      return;
    }
    actions.send(at);
    field.focus();
  }

  function isNote(): boolean {
    return at !== undefined && state !== undefined && isNoting(state, at);
  }

  function tooLong(): string {
    const over = Array.from(field.value.trim()).length - (isNote() ? NOTE_CHARS : MESSAGE_CHARS);
    return over > 0 ? i18n.t("question_long", { n: over }) : "";
  }

  function complain(sentence: string): void {
    complaint.textContent = sentence;
    set(field, { "aria-invalid": sentence === "" ? undefined : "true" });
  }

  function grow(): void {
    field.dir = field.value === "" ? i18n.words.dir : "auto";
    field.style.height = "auto";
    if (field.value !== "") field.style.height = `${field.scrollHeight}px`;
  }

  function update(now: State, shelf: Library): void {
    const before = at;
    [state, library] = [now, shelf];
    at = shownTalk(now);
    const ticket = at === undefined ? undefined : now.tickets[at];
    const writing = at === undefined ? undefined : now.talks[at]?.writing;
    // The text stays and can be copied when the conversation has gone.
    element.hidden = at === undefined || (ticket === undefined && (writing?.text ?? "") === "");
    if (at !== before) complain("");
    if (at === undefined || element.hidden) return;
    const notes = isNote();
    const mine = isMine(now, at);
    set(element, { "data-note": notes });
    const replies = mayReply(now, at);
    // A message to the visitor that cannot be sent now stays one until the agent changes that.
    const isKept = !notes && !replies;
    hint.hidden = !isKept;
    set(reply, { "aria-pressed": notes ? "false" : "true", disabled: !replies });
    set(note, { "aria-pressed": notes ? "true" : "false" });
    const label = i18n.t(notes ? "agent_write_note" : "agent_write_reply");
    // The hint has room for two or three words on a phone.
    set(field, { "aria-label": label, placeholder: notes ? label : i18n.t("agent_reply_hint") });
    const sends = i18n.t(notes ? "agent_save_note" : "agent_send");
    if (send.title !== sends) {
      set(send, { title: sends, "aria-label": sends });
      fill(send, icon(notes ? "lock" : "send"));
    }
    set(send, { disabled: ticket === undefined || isKept });
    const accepts = shelf.pictures?.types.join(",");
    set(file, { accept: accepts ?? "image/png,image/jpeg" });
    attach.hidden = shelf.pictures === undefined || notes || !mine;
    drafts.hidden = notes || !mine;
    manage.hidden = !shelf.hasReplies;
    set(drafts, { "data-busy": writing?.drafting !== undefined, "aria-busy": writing?.drafting !== undefined ? "true" : undefined });
    if (writing === drawn && at === before) return;
    drawn = writing;
    if (field.value !== (writing?.text ?? "")) field.value = writing?.text ?? "";
    if (at !== before) closedFor = undefined;
    grow();
    drawRests(writing);
    drawAttached(writing?.upload);
  }

  function drawRests(writing: Talk["writing"] | undefined): void {
    const citations = writing?.citations ?? [];
    const isDrafting = writing?.drafting !== undefined;
    rests.hidden = citations.length === 0 && !isDrafting;
    if (rests.hidden || at === undefined || state === undefined) return;
    if (isDrafting) {
      fill(rests, el("p", { class: "hint", role: "status" }, i18n.t("agent_drafting")));
      return;
    }
    const talk = state.talks[at];
    const product = productIn(talk, talk?.ticket);
    const id = at;
    const drop = i18n.t("agent_drop_draft");
    fill(
      rests,
      el("p", { class: "label" }, i18n.t("agent_draft_rests"), button({ class: "quiet round small", title: drop, "aria-label": drop }, () => {
        actions.dropDraft(id);
      }, icon("close"))),
      el("ul", {}, ...citations.map((citation) => el("li", {}, cite(maker, citation.page, citations, product), " ", el("q", { dir: "auto" }, citation.quote)))),
    );
  }

  function drawAttached(upload: string | undefined): void {
    attached.hidden = upload === undefined;
    if (upload === undefined || at === undefined) { fill(attached); return; }
    const id = at;
    const label = i18n.t("detach");
    fill(
      attached,
      el("img", { src: new URL(`/uploads/${encodeURIComponent(upload)}`, maker.server).href, alt: i18n.t("picture") }),
      button({ class: "quiet round", "aria-label": label, title: label }, () => {
        actions.detach(id);
      }, icon("close")),
    );
  }

  return {
    element,
    update,
    complain,
    focus: () => {
      field.focus();
    },
  };
}
