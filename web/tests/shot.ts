// Screenshots of a test, for inspection.

import { mkdirSync } from "node:fs";
import type { Page } from "playwright-core";

/** A screenshot of the window, if HSC_SHOTS names a folder; its name ends with the width of the window. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.HSC_SHOTS;
  if (folder === undefined || folder === "") return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}-${page.viewportSize()?.width ?? 0}.png` });
}
