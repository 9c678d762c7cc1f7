// Generates src/wire/types.ts from the server's schema, so that no message is defined twice.
//
//   npm run wire          writes the file
//   npm run wire:check    fails if the file differs from the server's schema
//
// The file is in git: the pages build without a Rust toolchain, and a change of the wire shows in review.
// tests/wire.test.ts runs the check.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "json-schema-to-typescript";

const target = fileURLToPath(new URL("../src/wire/types.ts", import.meta.url));
const root = fileURLToPath(new URL("../..", import.meta.url));

const banner = `// Made by \`npm run wire\` from the types of hsc-conversation and hsc-actors. Do not edit: change the Rust types and run it again.`;

/** Removes descriptions beside references, which would generate separate types; an object without properties may
 * have any. */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (schema === null || typeof schema !== "object") return schema;
  if (typeof schema.$ref === "string") return { $ref: schema.$ref };
  const open = schema.type === "object" && !schema.properties ? { additionalProperties: true } : {};
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plain(value)]).concat(Object.entries(open)));
}

export async function wireTypes() {
  const printed = execFileSync("cargo", ["run", "--quiet", "--package", "hsc-actors", "--example", "schema"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const { $defs } = plain(JSON.parse(printed));
  const everything = {
    $defs,
    title: "Wire",
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(Object.keys($defs).map((name) => [name, { $ref: `#/$defs/${name}` }])),
    required: Object.keys($defs),
  };
  return compile(everything, "Wire", {
    additionalProperties: false,
    bannerComment: banner,
    format: true,
    style: { printWidth: 110 },
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await wireTypes();
  if (!process.argv.includes("--check")) {
    writeFileSync(target, made);
  } else if (readFileSync(target, "utf8") !== made) {
    console.error("src/wire/types.ts is not what the server's types say; run `npm run wire`");
    process.exitCode = 1;
  }
}
