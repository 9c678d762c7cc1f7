// Keeps in view what is new in the thread, and says what is not.
//
// A visitor at the end of the thread sees what comes; one who reads further up is not moved, and is told by a
// button. A question is put to the top, so that its answer is read from its beginning however long it grows.
//
// Owns   where the thread is scrolled to, the button, which rows count as seen.
// Never  changes the state: what was seen is told to the chat.

import { button, el, icon } from "../element.ts";
import { isStart, type State } from "../state.ts";

/** How near its end a thread counts as being read there, in pixels. */
const NEAR_END = 120;
/** Between a row and the edge that it is put to, in pixels. */
const AIR = 20;
/** A row of which so much is in view has been seen, in pixels: a line and its frame. */
const SEEN = 40;

export interface FollowOptions {
  scroll: HTMLElement;
  /** What sticks to the top of it. */
  head: HTMLElement;
  thread: HTMLElement;
  /** What is unread, in a sentence. */
  sentence: (state: State) => string;
  row: (name: string) => HTMLElement | undefined;
  seen: (rows: readonly string[]) => void;
}

/** Where a thread is scrolled to, whatever language it is drawn in. */
export interface Place {
  anchor: Anchor;
  /** The first row in view, by its number, and how far below the head it begins. */
  at: number;
  below: number;
}

/** What stays in view when the room changes: the last question, the end, or what is read. */
type Anchor = "question" | "end" | "free";

export interface Follow {
  /** Tells how many messages are below what is seen. */
  button: HTMLElement;
  /** Looks where the thread is, before it is drawn. */
  before(): void;
  drawn(before: State | undefined, state: State): void;
  toQuestion(): void;
  toEnd(): void;
  place(): Place;
  goTo(place: Place): void;
  stop(): void;
}

export function follow({ scroll, head, thread, sentence, row, seen }: FollowOptions): Follow {
  let anchor: Anchor = "end";
  let wasAtEnd = true;
  /** Where the program has scrolled to: the event that follows is not the visitor's. */
  let expected = 0;
  let lastTop = 0;
  let state: State | undefined;
  let isInView = false;

  const words = el("span");
  const more = button({ class: "newer", hidden: true }, () => {
    toUnread();
  }, icon("down"), words);

  const isAtEnd = (): boolean => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
  // While the head sticks it covers what is below it; else it scrolls away with the rest.
  const isSticky = (): boolean => getComputedStyle(head).position === "sticky";
  const covered = (): number => (isSticky() ? head.offsetHeight : 0);
  const top = (): number => scroll.getBoundingClientRect().top + covered();
  const bottom = (): number => scroll.getBoundingClientRect().bottom;

  function scrollTo(to: number): void {
    scroll.scrollTop = to;
    expected = scroll.scrollTop;
    lastTop = scroll.scrollTop;
  }

  function scrollBy(by: number): void {
    scrollTo(scroll.scrollTop + by);
  }

  function toEnd(): void {
    anchor = "end";
    scrollTo(scroll.scrollHeight);
    look();
  }

  function toQuestion(): void {
    const last = [...thread.querySelectorAll<HTMLElement>(".turn")].at(-1);
    if (last === undefined) return;
    anchor = "question";
    // The mark that another product begins here belongs to it.
    const before = last.previousElementSibling;
    const first = before?.matches(".product-change") === true ? before : last;
    thread.style.setProperty("--room", `${Math.max(0, scroll.clientHeight - covered() - 2 * AIR)}px`);
    scrollBy(first.getBoundingClientRect().top - top() - AIR);
    look();
  }

  /** Shows the end of the thread, but never less than the beginning of this row. */
  function toRow(of: HTMLElement | undefined): void {
    if (of === undefined) {
      toEnd();
      return;
    }
    const toItsTop = of.getBoundingClientRect().top - top() - AIR;
    const toTheEnd = scroll.scrollHeight - scroll.clientHeight - scroll.scrollTop;
    scrollBy(Math.min(toItsTop, toTheEnd));
    anchor = isAtEnd() ? "end" : "free";
    look();
  }

  function toUnread(): void {
    const first = state?.unread.map(row).find((one) => one !== undefined);
    toRow(first);
    scroll.focus({ preventScroll: true });
  }

  /** Tells which unread rows are in view, and draws the button for the others. */
  function look(): void {
    if (state === undefined || scroll.clientHeight === 0) return;
    const end = bottom();
    const rows = state.unread.filter((name) => {
      const rect = row(name)?.getBoundingClientRect();
      return rect === undefined || rect.top <= end - Math.min(SEEN, rect.height);
    });
    const isLookedAt = document.visibilityState === "visible" && !isStart(state);
    if (isLookedAt && rows.length > 0) {
      // Not at once: this may be in the middle of drawing.
      queueMicrotask(() => {
        seen(rows);
      });
      return;
    }
    dress(state);
  }

  function dress(now: State): void {
    more.hidden = now.unread.length === 0 || isStart(now);
    if (more.hidden) return;
    const said = sentence(now);
    if (words.textContent !== said) words.textContent = said;
  }

  scroll.addEventListener("scroll", () => {
    if (scroll.clientHeight === 0) return;
    if (Math.abs(scroll.scrollTop - expected) > 1) anchor = isAtEnd() ? "end" : "free";
    expected = -1;
    lastTop = scroll.scrollTop;
    look();
  });
  const onVisible = (): void => {
    look();
  };
  document.addEventListener("visibilitychange", onVisible);

  function keep(): void {
    if (state === undefined || isStart(state) || thread.childElementCount === 0) return;
    if (anchor === "question") toQuestion();
    else if (anchor === "end") toEnd();
  }

  // The room changes: a keyboard opens, a form grows, a panel is opened, the thread is put into another body.
  const room = new ResizeObserver(() => {
    const was = isInView;
    isInView = scroll.clientHeight > 0;
    if (!isInView || state === undefined || isStart(state)) return;
    if (was) keep();
    else if (state.unread.length > 0) toUnreadQuietly();
    else if (anchor === "free") scrollTo(lastTop);
    else keep();
  });
  room.observe(scroll);
  // A picture that arrives, or an answer of which the end is read.
  const growth = new ResizeObserver(() => {
    if (anchor === "end" && scroll.clientHeight > 0) keep();
    else look();
  });
  growth.observe(thread);

  function toUnreadQuietly(): void {
    toRow(state?.unread.map(row).find((one) => one !== undefined));
  }

  return {
    button: more,
    before: () => {
      wasAtEnd = isAtEnd();
    },
    drawn: (before, now) => {
      state = now;
      if (scroll.clientHeight === 0) {
        dress(now);
        return;
      }
      if (isStart(now)) {
        if (before === undefined || !isStart(before)) scrollTo(0);
        dress(now);
        return;
      }
      const isReturn = before !== undefined && isStart(before);
      const entries = now.person.entries;
      const hasNews = before !== undefined && before.person.entries !== entries && entries.length > before.person.entries.length;
      if (isReturn && (now.turns.length > 0 || entries.length > 0)) toEnd();
      else if (hasNews && wasAtEnd) toRow(now.unread.map(row).find((one) => one !== undefined));
      else look();
    },
    toQuestion,
    toEnd,
    place: () => {
      const from = top();
      const rows = [...thread.children];
      const at = Math.max(0, rows.findIndex((one) => one.getBoundingClientRect().bottom > from));
      return { anchor, at, below: (rows[at]?.getBoundingClientRect().top ?? from) - from };
    },
    goTo: ({ anchor: before, at, below }) => {
      if (scroll.clientHeight === 0) return;
      if (before === "free") {
        const one = thread.children[at];
        if (one !== undefined) scrollBy(one.getBoundingClientRect().top - top() - below);
        anchor = "free";
        look();
      } else {
        anchor = before;
        keep();
      }
    },
    stop: () => {
      room.disconnect();
      growth.disconnect();
      document.removeEventListener("visibilitychange", onVisible);
    },
  };
}
