import { expect, test } from "vitest";
import { teamI18nOf } from "../../words/team.ts";
import { bars, scaleOf, spread } from "./bars.ts";

test("a scale holds the highest, and is in whole numbers", () => {
  expect([0, 1, 3, 5, 7, 23, 601].map(scaleOf)).toEqual([
    [2, 1, 0],
    [2, 1, 0],
    [4, 2, 0],
    [6, 3, 0],
    [10, 5, 0],
    [40, 20, 0],
    [1000, 500, 0],
  ]);
});

test("the dates below are few, the first and the last among them", () => {
  expect(spread([1, 2, 3, 4, 5, 6, 7], 4)).toEqual([1, 3, 5, 7]);
  expect(spread([1, 2], 4)).toEqual([1, 2]);
});

const data = { title: "Questions", series: [{ name: "good", title: "answered" }, { name: "bad", title: "not" }], heads: ["Day", "Answered", "Not"], empty: "nothing" };
const columns = [
  { when: "Monday", short: "23", heights: [3, 1], cells: ["3", "1"] },
  { when: "Tuesday", short: "24", heights: [0, 0], cells: ["0", "0"] },
];
const drawn = (language: string): HTMLElement => {
  const chart = bars(teamI18nOf(language), data);
  chart.draw({ columns, ticks: [4, 2, 0] });
  return chart.element;
};

test("columns stand one above the other, and say the same as the table", () => {
  const chart = drawn("en");
  const boxes = [...chart.querySelectorAll(".bars-bar")].map((box) => ["x", "y", "height"].map((name) => Number(box.getAttribute(name))));
  expect(boxes).toEqual([[1, 25, 75], [1, 0, 25]]);
  expect([...chart.querySelectorAll("tbody tr")].map((row) => row.textContent)).toEqual(["Monday31", "Tuesday00"]);
  expect(chart.querySelector("svg")?.getAttribute("aria-label")).toMatch(/Questions.*Monday.*Tuesday/);
});

test("in Hebrew the first day stands on the right", () => {
  expect(drawn("he").querySelector(".bars-bar")?.getAttribute("x")).toBe("11");
});

test("a period in which nothing happened is said to be one", () => {
  const chart = bars(teamI18nOf("en"), data);
  chart.draw({ columns: columns.slice(1), ticks: [2, 1, 0] });
  expect(chart.element.querySelector<HTMLElement>(".nothing")?.hidden).toBe(false);
  expect(chart.element.querySelector<HTMLElement>(".bars-plot")?.hidden).toBe(true);
});
