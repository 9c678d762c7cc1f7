import { expect, test } from "vitest";
import { actionOf } from "./keys.ts";
import { filled, fitting, inserted, slashBefore } from "./replies.ts";
import { waited } from "./times.ts";

const reply = (shortcut: string, text: string, product: string | null = null) => ({ id: shortcut, shortcut, text, product });

test("a slash counts where a word begins, up to the caret", () => {
  expect(slashBefore("/hel", 4)).toEqual({ at: 0, end: 4, typed: "hel" });
  expect(slashBefore("Hi /", 4)).toEqual({ at: 3, end: 4, typed: "" });
  expect(slashBefore("and/or", 6)).toBeUndefined();
  expect(slashBefore("/hello there", 12)).toBeUndefined();
});

test("replies fit by shortcut first, by text after, and never for another product", () => {
  const all = [reply("bye", "Hello and bye"), reply("hello", "Good day"), reply("help", "For it", "p1"), reply("hers", "x", "p2")];
  expect(fitting(all, "he", "p1").map((one) => one.shortcut)).toEqual(["help", "hello", "bye"]);
  expect(fitting(all, "", undefined).map((one) => one.shortcut)).toEqual(["bye", "hello"]);
});

test("a reply takes the place of its slash, with what is known filled in", () => {
  const text = "Well, /hel then";
  const slash = slashBefore(text, 10);
  if (slash === undefined) throw new Error("there is one");
  expect(inserted(text, slash, "hello")).toEqual({ text: "Well, hello then", caret: 11 });
  expect(filled("Hello {visitor}, your {product}?", { visitor: "Dana", product: "KE-9" })).toBe("Hello Dana, your KE-9?");
  expect(filled("Hello {visitor}, your {product}?", { visitor: undefined })).toBe("Hello, your?");
});

test("while somebody writes only keys with Alt do something", () => {
  const key = (code: string, more: Partial<KeyboardEvent> = {}) => ({ code, key: "", altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, ...more });
  expect(actionOf(key("KeyT"), false)).toBe("take");
  expect(actionOf(key("KeyT"), true)).toBeUndefined();
  expect(actionOf(key("KeyD", { altKey: true }), true)).toBe("draft");
  expect(actionOf(key("KeyC", { ctrlKey: true }), false)).toBeUndefined();
  expect(actionOf(key("Digit2"), false)).toEqual({ list: "mine" });
});

test("a wait is said in minutes and seconds", () => {
  expect([0, 42_000, 725_000, 3_753_000].map(waited)).toEqual(["0:00", "0:42", "12:05", "1:02:33"]);
});
