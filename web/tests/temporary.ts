// Temporary folders of the browser tests, removed when the tests of a file have ended.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const folders: string[] = [];

// Registered before the hooks of the test file, so it runs after them: a server writes into its folder until it is
// killed. Not at the exit of the process, because vitest ends its workers by a signal.
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Creates a folder that is removed with its content when the tests of this file have ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hsc-test-"));
  folders.push(folder);
  return folder;
}
