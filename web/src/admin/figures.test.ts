import { expect, test } from "vitest";
import { bytes, quantity } from "./figures.ts";

test("bytes come in the unit that leaves few digits", () => {
  expect([0, 999, 42_980, 268_435_456, 1.5e12].map((n) => bytes(n, "en"))).toEqual(["0 byte", "999 byte", "43 kB", "268 MB", "1.5 TB"]);
});

test("a quantity bears the unit of its series, and one that is only counted bears none", () => {
  expect(quantity(0.987, "share", "en")).toBe("99%");
  expect(quantity(0.034, "share", "en")).toBe("3.4%");
  expect(quantity(0.4567, "ms", "en")).toBe("0.457 ms");
  expect(quantity(1500, "ms", "en")).toBe("1.5 sec");
  expect(quantity(12.34, "1/s", "en")).toBe("12.3/s");
  expect(quantity(1234, "sessions", "en")).toBe("1,234");
});
