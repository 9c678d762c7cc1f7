import { expect, test } from "vitest";
import { wanted, wayOf } from "./way.ts";

const me = (role: "agent" | "admin") => ({ id: "7", name: "Yael", role, csrf: "c" });
const page = (address: string) => wanted(new URL(address, "https://chat.example"));

test("an address sends nobody anywhere but to our pages", () => {
  expect(page("/sign-in?next=/admin")).toBe("/admin");
  expect(page("/sign-in?next=/agent")).toBe("/agent");
  for (const next of ["https://evil.example", "//evil.example", "/agent/../x", "javascript:alert(1)", ""]) {
    expect(page(`/sign-in?next=${encodeURIComponent(next)}`), next).toBeUndefined();
  }
  expect(page("/sign-in")).toBeUndefined();
});

test("everybody goes where they wanted to, where they may", () => {
  expect(wayOf(me("admin"), "/agent")).toBe("/agent");
  expect(wayOf(me("admin"), undefined)).toBe("/admin");
  expect(wayOf(me("agent"), undefined)).toBe("/agent");
  expect(wayOf(me("agent"), "/admin")).toBe("/agent");
});
