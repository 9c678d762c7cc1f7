import { beforeEach, expect, test, vi } from "vitest";
import { i18nOf } from "../words/words.ts";
import { form, type Form, why } from "./form.ts";

const i18n = i18nOf("en");
const send = vi.fn<(filled: ReadonlyMap<string, string>) => Promise<void>>();
let entrance: Form;

beforeEach(() => {
  send.mockReset();
  send.mockResolvedValue();
  entrance = form(
    i18n,
    [
      { name: "address", label: "sign_in_address", type: "email", autocomplete: "username" },
      { name: "password", label: "sign_in_password", type: "password", autocomplete: "current-password" },
    ],
    "sign_in",
    send,
  );
  document.body.replaceChildren(entrance.element);
});

const field = (name: string): HTMLInputElement => {
  const input = entrance.element.querySelector<HTMLInputElement>(`[name=${name}]`);
  if (input === null) throw new Error(`no field ${name}`);
  return input;
};
const said = (): string | null | undefined => entrance.element.querySelector("[role=alert]")?.textContent;
const submit = (): void => {
  entrance.element.dispatchEvent(new Event("submit", { cancelable: true }));
};

test("what is filled in is sent, once while it is under way", () => {
  field("address").value = "yael@example.test";
  field("password").value = "a tame yak sat over";
  send.mockReturnValue(new Promise(() => undefined));
  submit();
  submit();
  expect(send).toHaveBeenCalledTimes(1);
  expect([...(send.mock.calls[0]?.[0] ?? [])]).toEqual([["address", "yael@example.test"], ["password", "a tame yak sat over"]]);
});

test("an empty field is said, marked and gone to", () => {
  field("address").value = "yael@example.test";
  submit();
  expect(send).not.toHaveBeenCalled();
  expect(said()).toBe("Fill in every field.");
  expect(field("password").getAttribute("aria-invalid")).toBe("true");
  expect(document.activeElement).toBe(field("password"));
});

test("every refusal is said in words", () => {
  entrance.refuse({ what: "refused", code: "wrong_sign_in" });
  expect(said()).toMatch(/is wrong, or the account is locked/);
  expect(why(i18n, { what: "refused", code: "too_many_tries", waitSeconds: 4 })).toBe("Too many attempts. Wait 4 seconds.");
  expect(why(i18n, { what: "away" })).toMatch(/cannot be reached/);
  expect(why(i18n, { what: "refused", code: "a code of tomorrow" })).toBe("That did not work. Try again.");
  expect(why(i18nOf("he"), { what: "refused", code: "link_spent" })).toMatch(/הקישור/);
});
