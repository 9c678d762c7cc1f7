import { expect, test } from "vitest";
import { fitting, settingsOf } from "./setting-rows.ts";

const settings = settingsOf({
  server: { port: 8931, allowed_origins: [] },
  cache: { manuals: { ttl_ms: 5 } },
  admin: { token: "***" },
  redis: { url: null },
  changed: { "server.port": 8000, "admin.token": null },
});

test("every setting is a line with its name in the file, and with the default where that is not in force", () => {
  expect(settings.map(({ name, group, value, instead }) => [name, group, value, instead])).toEqual([
    ["server.port", "server", "8931", "8000"],
    ["server.allowed_origins", "server", "[]", undefined],
    ["cache.manuals.ttl_ms", "cache", "5", undefined],
    ["admin.token", "admin", "***", "–"],
    ["redis.url", "redis", "–", undefined],
  ]);
});

test("they are found by a part of a name or of a value, and by being changed", () => {
  const names = (text: string, only: boolean): string[] => fitting(settings, text, only).map(({ name }) => name);
  expect(names("TTL", false)).toEqual(["cache.manuals.ttl_ms"]);
  expect(names("8931", false)).toEqual(["server.port"]);
  expect(names("", true)).toEqual(["server.port", "admin.token"]);
});
