// The conversation: one turn below the other.

import { turnPart, type TurnPart } from "../answer/turn.ts";
import { el } from "../element.ts";
import type { Maker, Part } from "./part.ts";

export function thread(maker: Maker): Part {
  const element = el("ol", { class: "thread" });
  const parts = new Map<string, TurnPart>();
  return {
    element,
    update: (state) => {
      element.hidden = state.turns.length === 0;
      for (const turn of state.turns) {
        let part = parts.get(turn.id);
        if (part === undefined) {
          part = turnPart(turn, maker);
          parts.set(turn.id, part);
          element.append(part.element);
        }
        part.update(turn);
      }
    },
  };
}
