// The types of the wire equal those generated from the server's schema.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { wireTypes } from "../scripts/wire-types.mjs";

test(
  "src/wire/types.ts is what `npm run wire` makes now",
  async () => {
    const made = await wireTypes();
    expect(readFileSync(new URL("../src/wire/types.ts", import.meta.url), "utf8")).toBe(made);
  },
  // It may compile the server's crates first.
  600_000,
);
