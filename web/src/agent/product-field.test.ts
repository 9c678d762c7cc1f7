import { describe, expect, test } from "vitest";
import { productField } from "./product-field.ts";

const kettle = { id: "kettleby-ke-9", name: "Kettleby KE-9" };
const twin = { id: "other-ke-9", name: "Kettleby KE-9" };

function field(found: readonly { id: string; name: string }[]) {
  const asked: string[] = [];
  const made = productField("p", "Product", (typed) => {
    asked.push(typed);
    return Promise.resolve(found);
  });
  const input = made.element.querySelector("input");
  if (input === null) throw new Error("no input");
  return { ...made, asked, input, options: () => [...made.element.querySelectorAll("option")].map(({ value }) => value) };
}

describe("a product", () => {
  test("is asked for by its name and goes to the server as its id", async () => {
    const { chosen, show, input, options, asked } = field([kettle]);
    expect(await chosen()).toBe("");
    input.value = "kettle";
    expect(await chosen()).toBe("kettleby-ke-9");
    expect([options(), asked]).toEqual([["Kettleby KE-9"], ["kettle"]]);
    show("kettleby-ke-9");
    expect(input.value).toBe("Kettleby KE-9");
    expect(await chosen()).toBe("kettleby-ke-9");
    expect(asked, "an offered name is not looked for again").toEqual(["kettle"]);
  });

  test("that has a name with another one is offered with its id", async () => {
    const { chosen, input, options } = field([kettle, twin]);
    input.value = "ke-9";
    expect(await chosen()).toBe("kettleby-ke-9");
    expect(options()).toEqual(["Kettleby KE-9", "Kettleby KE-9 (other-ke-9)"]);
    input.value = "Kettleby KE-9 (other-ke-9)";
    expect(await chosen()).toBe("other-ke-9");
  });

  test("that is not found is passed on as it was typed", async () => {
    const { chosen, input } = field([]);
    input.value = "an-id-of-before";
    expect(await chosen()).toBe("an-id-of-before");
  });
});
