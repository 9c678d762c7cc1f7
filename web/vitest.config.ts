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
          // A cold start of Chromium on a busy machine; a test that waits, waits for a state.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // One browser and one server at a time: CI has two cores.
          fileParallelism: false,
        },
      },
    ],
  },
});
