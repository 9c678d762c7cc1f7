// Builds the pages into dist/, from where the server takes them into its binary.

import { defineConfig } from "vite";
import { browsers } from "./browsers.config.ts";
import { frame } from "./frame.config.ts";

export default defineConfig({
  plugins: [frame()],
  build: {
    // What bears a hash lies where the server lets browsers keep it for ever.
    assetsDir: "static",
    target: browsers,
    cssTarget: browsers,
    // The content security policy of the server has no room for data: scripts and styles.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "admin.html", "agent.html", "sign-in.html", "first.html"] },
    // Every browser named above preloads modules by itself.
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/ws": { target: "http://127.0.0.1:8000", ws: true },
      "/api": "http://127.0.0.1:8000",
      "/manuals": "http://127.0.0.1:8000",
      "/admin/": "http://127.0.0.1:8000",
      "/ready": "http://127.0.0.1:8000",
    },
  },
});
