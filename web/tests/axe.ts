// Accessibility problems of a page, as found by axe.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** All findings of axe; the page must be opened with `bypassCSP`. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return violations.map(({ id, impact, nodes }) => `${impact ?? ""} ${id}: ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`);
}
