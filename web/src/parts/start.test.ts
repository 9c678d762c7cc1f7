import { expect, test } from "vitest";
import type { Option } from "../state.ts";
import { offered } from "./start.ts";

const option = (id: string, brand: string, manual: boolean): Option => ({ id, name: id, brand, category: "", confidence: 0, matched: [], manual });

test("products with a manual are offered, of no brand more than two", () => {
  const options = [option("a1", "a", true), option("a2", "a", false), option("b1", "b", true), option("a3", "a", true), option("a4", "a", true)];
  expect(offered(options).map(({ id }) => id)).toEqual(["a1", "b1", "a3"]);
});

test("a catalog without manuals offers what it has", () => {
  expect(offered([option("a1", "a", false), option("b1", "b", false)])).toHaveLength(2);
});

test("more than a page shows is not offered", () => {
  expect(offered(Array.from({ length: 40 }, (_, n) => option(`p${n}`, `b${n}`, true)))).toHaveLength(9);
});
