import { expect, test } from "vitest";
import { hashOf, placeOf } from "./place.ts";

test("a place is read as it is written, whatever its id and its filters hold", () => {
  for (const place of [
    { section: "manuals", id: undefined, filters: { text: "קפה & תה?", state: "failed" } },
    { section: "conversations", id: "a/b?c#d", filters: {} },
  ]) {
    expect(placeOf(hashOf(place))).toEqual(place);
  }
});

test("a filter that is empty is none", () => {
  expect(hashOf({ section: "sessions", filters: { text: "" } })).toBe("#sessions");
  expect(placeOf("#sessions?text=").filters).toEqual({});
});

test("an address without a place names no section, and a broken escape is taken as it stands", () => {
  expect(placeOf("").section).toBe("");
  expect(placeOf("#users/%E0%A4%A").id).toBe("%E0%A4%A");
});
