// The keyboard shortcuts of the console, and their actions.

import type { TeamWord } from "../words/team.ts";
import type { ListName } from "./state.ts";
import { LISTS } from "./state.ts";

export type ShortcutAction = "next" | "before" | "take" | "hand" | "giveBack" | "close" | "write" | "note" | "draft" | "shortcuts" | "back" | { list: ListName };

/** The rows of the dialog. */
export const SHORTCUTS: readonly { keys: readonly string[]; word: TeamWord }[] = [
  { keys: ["Alt ↓", "j"], word: "agent_key_next" },
  { keys: ["Alt ↑", "k"], word: "agent_key_before" },
  { keys: ["1 – 5"], word: "agent_key_lists" },
  { keys: ["t"], word: "agent_take" },
  { keys: ["h"], word: "agent_hand" },
  { keys: ["g"], word: "agent_give_back" },
  { keys: ["c"], word: "agent_close" },
  { keys: ["r"], word: "agent_key_write" },
  { keys: ["Alt N", "n"], word: "agent_key_note" },
  { keys: ["Alt D", "d"], word: "agent_draft" },
  { keys: ["Enter"], word: "agent_key_send" },
  { keys: ["Shift Enter"], word: "agent_key_break" },
  { keys: ["/"], word: "agent_key_replies" },
  { keys: ["Esc"], word: "agent_key_back" },
  { keys: ["?"], word: "agent_shortcuts" },
];

const LETTERS: Readonly<Record<string, ShortcutAction>> = {
  KeyJ: "next",
  KeyK: "before",
  KeyT: "take",
  KeyH: "hand",
  KeyG: "giveBack",
  KeyC: "close",
  KeyR: "write",
  KeyN: "note",
  KeyD: "draft",
};

const WITH_ALT: Readonly<Record<string, ShortcutAction>> = { ArrowDown: "next", ArrowUp: "before", KeyN: "note", KeyD: "draft" };

/**
 * The action of a key. By its position on the keyboard, so that it is the same in every language; in a text field
 * only with Alt.
 */
export function actionOf(event: Pick<KeyboardEvent, "code" | "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">, isWriting: boolean): ShortcutAction | undefined {
  if (event.ctrlKey || event.metaKey) return undefined;
  if (event.altKey) return WITH_ALT[event.code];
  if (event.key === "Escape") return "back";
  if (isWriting) return undefined;
  if (event.key === "?") return "shortcuts";
  if (event.shiftKey) return undefined;
  const list = LISTS[Number(/^(?:Digit|Numpad)([1-5])$/.exec(event.code)?.[1]) - 1];
  return list === undefined ? LETTERS[event.code] : { list };
}
