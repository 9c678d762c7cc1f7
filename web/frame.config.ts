// What every page of our own has in common, written once: the head's first lines and the bar on top.
//
// A page says `<!-- frame:head -->` and `<!-- frame:bar -->` where they go. Its title, its script and what
// robots may do stay in the page.

import type { Plugin } from "vite";

const head = `<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" type="image/svg+xml" href="/icon.svg" />`;

const bar = `<header class="bar">
      <a class="wordmark" href="/">
        <img src="/icon.svg" alt="" width="24" height="24" />
        <span>HSC</span>
      </a>
      <select id="language" class="language"></select>
    </header>`;

/** Puts the common parts into the pages, in the dev server as in the build. */
export function frame(): Plugin {
  return {
    name: "frame",
    transformIndexHtml: {
      order: "pre",
      handler(html, { path }) {
        const whole = html.replace("<!-- frame:head -->", head).replace("<!-- frame:bar -->", bar);
        if (!whole.includes(head) || !whole.includes(bar)) throw new Error(`${path} lacks frame:head or frame:bar`);
        return whole;
      },
    },
  };
}
