// Builds dist/widget.js: one classic script with everything in it, since a foreign page gives it one tag.
// Runs after vite.config.ts and adds to its dist/.

import { defineConfig } from "vite";
import { browsers } from "./browsers.config.ts";

export default defineConfig({
  publicDir: false,
  build: {
    target: browsers,
    cssTarget: browsers,
    emptyOutDir: false,
    lib: { entry: "src/widget.ts", formats: ["iife"], name: "HscWidget", fileName: () => "widget.js" },
  },
});
