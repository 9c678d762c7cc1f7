// Every section, in the order of the navigation. A new one is a file in sections/ and a line here.

import type { Section } from "./section.ts";
import { actors } from "./sections/actors.ts";
import { overview } from "./sections/overview.ts";

export const sections: readonly Section[] = [
  overview,
  actors,
];

/** Where somebody comes who names no section that there is. */
export const first = overview;
