// Builds dist/widget.js: one classic script with everything in it, since a foreign page gives it one tag.
// Runs after vite.config.ts and adds to its dist/.

import { defineConfig, type Plugin } from "vite";
import { browsers } from "./browsers.config.ts";

/** Words of pages that are not in the widget: signing in, and the first account. */
const ELSEWHERE = /^(entrance|sign_in|sign_out|first|role)(_|$)/;

/** Leaves words out that the widget never says. */
const ownWords: Plugin = {
  name: "own-words",
  enforce: "pre",
  transform: (code, id) => {
    if (!/\/src\/words\/\w+\.json(\?|$)/.test(id)) return undefined;
    const words = Object.entries(JSON.parse(code) as Record<string, string>);
    return { code: JSON.stringify(Object.fromEntries(words.filter(([name]) => !ELSEWHERE.test(name)))), map: null };
  },
};

export default defineConfig({
  publicDir: false,
  plugins: [ownWords],
  build: {
    target: browsers,
    cssTarget: browsers,
    emptyOutDir: false,
    lib: { entry: "src/widget.ts", formats: ["iife"], name: "HscWidget", fileName: () => "widget.js" },
  },
});
