import { expect, test } from "vitest";
import { stretches } from "./highlight.ts";

const name = (start: number, end: number) => ({ field: "name", start, end });
const drawn = (text: string, ...ranges: ReturnType<typeof name>[]): string =>
  stretches(text, "name", ranges)
    .map((stretch) => (stretch.marked ? `<${stretch.text}>` : stretch.text))
    .join("");

test("the matched letters are marked", () => {
  expect(drawn("TD-17 KVX", name(0, 2), name(3, 5))).toBe("<TD>-<17> KVX");
});

test("characters are counted, not UTF-16 units", () => {
  expect(drawn("🥁🎹 TD-17", name(3, 5))).toBe("🥁🎹 <TD>-17");
  expect(drawn("תוף אלקטרוני", name(4, 7))).toBe("תוף <אלק>טרוני");
});

test("ranges that touch, overlap, come late or reach past the end do no harm", () => {
  expect(drawn("abcdef", name(3, 99), name(0, 2), name(1, 3))).toBe("<abcdef>");
  expect(drawn("abc", name(5, 9))).toBe("abc");
  expect(drawn("", name(0, 1))).toBe("");
});

test("ranges of another field are left alone", () => {
  expect(stretches("Roland", "brand", [name(0, 3)])).toEqual([{ text: "Roland", marked: false }]);
});
