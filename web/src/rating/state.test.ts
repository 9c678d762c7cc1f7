import { describe, expect, test } from "vitest";
import { beginning, type Action, reduce, type State } from "../state.ts";
import type { Product } from "../wire/product.ts";
import type { FinalAnswer, Limits, ServerMessage } from "../wire/types.ts";
import { isRatable, isPressed } from "./state.ts";

const limits: Limits = { typing_chars: 1000, question_chars: 2000, image_bytes: 9, message_bytes: 9, messages_per_second: 9 };
const drum: Product = { id: "td17", name: "TD-17", brand: "Roland", category: "", country: "", picture: "", related: [], manual: "", scenarios: ["general"] };
const end: FinalAnswer = { content: "", citations: [], confidence: 0.9, grounded: true, html: "", answerer: "extractive" };

const after = (...actions: Action[]): State => actions.reduce(reduce, beginning);
const heard = (message: ServerMessage, id?: string, offset?: number): Action => ({ what: "received", message, id, offset });
const asked: Action = { what: "asked", id: "q", product: drum, question: "how loud?", image: undefined };
const answered = heard({ type: "final_answer", ...end }, "q", 7);
const thumbed = (id: string, thumb: "up" | "down"): Action => ({ what: "thumbed", turn: "q", id, thumb });
const refused = (id: string, code: "no_such_answer" | "rate_limited" | "internal"): Action =>
  heard({ type: "error", code, message: "in the server's words" }, id);

const turn = ({ turns }: State) => {
  const [only] = turns;
  if (only === undefined) throw new Error("no turn");
  return only;
};

describe("an answer", () => {
  test("is judged once it is whole, by its place in the conversation", () => {
    expect(isRatable(turn(after(asked)))).toBe(false);
    const whole = turn(after(asked, answered));
    expect([isRatable(whole), whole.offset]).toEqual([true, 7]);
  });

  test("that was stopped is none", () => {
    const stopped = heard({ type: "final_answer", ...end, cancelled: true }, "q", 7);
    expect(isRatable(turn(after(asked, stopped)))).toBe(false);
  });

  test("that helped shows it, and asks why", () => {
    const judged = turn(after(asked, answered, thumbed("f1", "up")));
    expect([isPressed(judged, "up"), isPressed(judged, "down"), judged.opinion?.why]).toEqual([true, false, "asked"]);
  });

  test("is judged anew, and what was said of it before is not said of the new opinion", () => {
    const said: Action = { what: "explained", turn: "q", id: "f2", comment: "clear" };
    const before = turn(after(asked, answered, thumbed("f1", "up"), said));
    expect([before.opinion?.comment, before.opinion?.why]).toEqual(["clear", "said"]);
    const judged = turn(after(asked, answered, thumbed("f1", "up"), said, thumbed("f3", "down")));
    expect([isPressed(judged, "down"), judged.opinion?.comment, judged.opinion?.why]).toEqual([true, "", "asked"]);
  });

  test("keeps its thumb where nobody wants to say why, and its comment where one was said", () => {
    const unsaid: Action = { what: "unexplained", turn: "q" };
    expect(turn(after(asked, answered, thumbed("f1", "up"), unsaid)).opinion?.why).toBe("unsaid");
    const said: Action = { what: "explained", turn: "q", id: "f2", comment: "clear" };
    const again = turn(after(asked, answered, thumbed("f1", "up"), said, { what: "askedWhy", turn: "q" }, unsaid));
    expect([again.opinion?.comment, again.opinion?.why]).toEqual(["clear", "said"]);
  });

  test("whose thumb was not taken is not pressed, and says why in our words where we have some", () => {
    const gone = turn(after(asked, answered, thumbed("f1", "up"), refused("f1", "no_such_answer")));
    expect([isPressed(gone, "up"), gone.opinion?.trouble]).toEqual([false, { word: "rating_gone" }]);
    const other = turn(after(asked, answered, thumbed("f1", "up"), refused("f1", "internal")));
    expect(other.opinion?.trouble).toEqual({ text: "in the server's words" });
  });

  test("of a conversation that is another now cannot be judged there, and what was not saved says so", () => {
    const opened: Action = { what: "opened", limits, recovered: false, lost: true, anew: true };
    const saved = turn(after(asked, answered, thumbed("f1", "up"), heard({ type: "ack" }, "f1"), opened));
    expect([isRatable(saved), isPressed(saved, "up"), saved.opinion?.trouble]).toEqual([false, true, undefined]);
    const lost = turn(after(asked, answered, thumbed("f1", "up"), opened));
    expect([isRatable(lost), isPressed(lost, "up"), lost.opinion?.trouble]).toEqual([false, false, { word: "rating_gone" }]);
  });

  test("is saved when the server has acknowledged what was said of it last", () => {
    const said: Action = { what: "explained", turn: "q", id: "f2", comment: "clear" };
    const states = [[thumbed("f1", "up")], [thumbed("f1", "up"), heard({ type: "ack" }, "f1")], [thumbed("f1", "up"), said, heard({ type: "ack" }, "f1")]];
    const all = [...states, [thumbed("f1", "up"), said, heard({ type: "ack" }, "f2")]];
    expect(all.map((then) => turn(after(asked, answered, ...then)).opinion?.isSaved)).toEqual([false, true, false, true]);
  });
});

describe("the conversation", () => {
  const closed = heard({ type: "handoff", state: "closed" });
  const rated: Action = { what: "rated", id: "r1", rating: 4, comment: "quick" };

  test("is ended by the visitor, closed by the server, and rated", () => {
    const sure = after(asked, answered, { what: "ending", now: "sure" });
    expect(sure.ending.stage).toBe("sure");
    const over = after(asked, answered, { what: "ending", now: "said" }, closed, rated);
    expect([over.handoff.stage, over.ending.mark?.rating, over.ending.mark?.comment]).toEqual(["over", 4, "quick"]);
  });

  test("whose rating was acknowledged has it saved", () => {
    const acknowledged = heard({ type: "ack" }, "r1");
    expect(after(asked, answered, closed, rated).ending.mark?.isSaved).toBe(false);
    expect(after(asked, answered, closed, rated, acknowledged).ending.mark?.isSaved).toBe(true);
  });

  test("whose rating was not taken says so", () => {
    const { ending } = after(asked, answered, closed, rated, refused("r1", "rate_limited"));
    expect(ending.mark?.trouble).toEqual({ word: "rating_fast" });
  });

  test("that is begun anew has no rating and nothing said, and keeps its product", () => {
    const anew = after(asked, answered, { what: "picked", product: drum }, closed, rated, { what: "begunAnew" });
    expect([anew.turns.length, anew.ending.mark, anew.handoff.stage, anew.product?.id]).toEqual([0, undefined, "machine", "td17"]);
  });
});

test("an error that concerns no opinion goes where it belongs", () => {
  const state = after(asked, refused("q", "internal"));
  expect(turn(state).stage).toBe("failed");
});
