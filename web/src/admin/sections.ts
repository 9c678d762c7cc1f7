// Every section, in the order of the navigation. A new one is a file in sections/ and a line here.

import type { Section } from "./section.ts";
import { actors } from "./sections/actors.ts";
import { analytics } from "./sections/analytics.ts";
import { audit } from "./sections/audit.ts";
import { caches } from "./sections/caches.ts";
import { catalogs } from "./sections/catalogs.ts";
import { conversations } from "./sections/conversations.ts";
import { manuals } from "./sections/manuals.ts";
import { overview } from "./sections/overview.ts";
import { sessions } from "./sections/sessions.ts";
import { settings } from "./sections/settings.ts";
import { users } from "./sections/users.ts";
import { webhooks } from "./sections/webhooks.ts";

export const sections: readonly Section[] = [
  overview,
  sessions,
  actors,
  catalogs,
  manuals,
  caches,
  settings,
  analytics,
  conversations,
  audit,
  webhooks,
  users,
];

/** Where somebody comes who names no section that there is. */
export const first = overview;
