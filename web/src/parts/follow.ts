// Keeps new content of the thread visible, and reports what is not.
//
// At the end of the thread the view follows new content; a visitor who reads above is not moved, and a button shows
// the number of new messages. A question is scrolled to the top, so that its answer can be read from its beginning.
//
// Owns   the scroll position, the button, the set of seen rows.
// Never  changes the state: seen rows are reported to the chat.

import { button, el, icon } from "../element.ts";
import { isStart, type State } from "../state.ts";

/** Distance from the end within which the view follows, in pixels. */
const NEAR_END = 120;
/** Space between a row and the edge to which it is scrolled, in pixels. */
const AIR = 20;
/** Visible height from which a row counts as seen, in pixels: a line and its frame. */
const SEEN = 40;

export interface FollowOptions {
  scroll: HTMLElement;
  /** The sticky header. */
  head: HTMLElement;
  thread: HTMLElement;
  /** The unread items as a sentence. */
  sentence: (state: State) => string;
  row: (name: string) => HTMLElement | undefined;
  seen: (rows: readonly string[]) => void;
}

/** A scroll position, independent of the language. */
export interface Place {
  anchor: Anchor;
  /** The index of the first visible row, and its distance from the header. */
  at: number;
  below: number;
}

/** What stays visible when the size changes: the last question, the end, or the present position. */
type Anchor = "question" | "end" | "free";

export interface Follow {
  /** Shows the number of messages below the visible part. */
  button: HTMLElement;
  /** Records the position before drawing. */
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
  /** The position set by the program: the scroll event that follows is not the visitor's. */
  let expected = 0;
  let lastTop = 0;
  let state: State | undefined;
  let isInView = false;

  const words = el("span");
  const more = button({ class: "newer", hidden: true }, () => {
    toUnread();
  }, icon("down"), words);

  const isAtEnd = (): boolean => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
  // A sticky header covers the content below it; otherwise it scrolls with the content.
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
    // The mark of a product change belongs to the question.
    const before = last.previousElementSibling;
    const first = before?.matches(".product-change") === true ? before : last;
    thread.style.setProperty("--room", `${Math.max(0, scroll.clientHeight - covered() - 2 * AIR)}px`);
    scrollBy(first.getBoundingClientRect().top - top() - AIR);
    look();
  }

  /** Shows the end of the thread, but at least the beginning of this row. */
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

  /** Reports unread rows that are visible, and draws the button for the others. */
  function look(): void {
    if (state === undefined || scroll.clientHeight === 0) return;
    const end = bottom();
    const rows = state.unread.filter((name) => {
      const rect = row(name)?.getBoundingClientRect();
      return rect === undefined || rect.top <= end - Math.min(SEEN, rect.height);
    });
    const isLookedAt = document.visibilityState === "visible" && !isStart(state);
    if (isLookedAt && rows.length > 0) {
      // Deferred: this may run while drawing.
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
    const label = sentence(now);
    if (words.textContent !== label) words.textContent = label;
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

  // The size changes: a keyboard opens, a form grows, a panel opens, the thread is moved to another body.
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
  // A picture that loads, or a growing answer whose end is visible.
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
      const entries = now.handoff.entries;
      const hasNews = before !== undefined && before.handoff.entries !== entries && entries.length > before.handoff.entries.length;
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
