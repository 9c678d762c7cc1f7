// Two suites: `unit` beside the code, without a browser; `browser` in tests/, against a real server in a
// real Chromium.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["src/**/*.test.ts"], environment: "happy-dom" } },
      {
        test: {
          name: "browser",
          include: ["tests/**/*.test.ts"],
          environment: "node",
          // A test that waits, waits for a state, and each wait has its own deadline. This limit ends a test whose page no
          // longer runs; the longest one walks through every section with axe, on a machine that does other work too.
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // One browser and one server at a time: CI has two cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
