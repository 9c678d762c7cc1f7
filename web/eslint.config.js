// Strict and type-aware; what is switched off says why.

import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/wire/types.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers in a template literal are what template literals are for.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Text from outside is set as text: nothing may be parsed as HTML.
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "text from outside is set as text; build elements with el()",
        })),
      ],
    },
  },
  {
    files: ["scripts/*.mjs"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly", document: "readonly", location: "readonly", navigator: "readonly", WebSocket: "readonly" } },
  },
);
