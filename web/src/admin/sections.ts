// Every section, in the order of the navigation. A new one is a file in sections/ and a line here.
//
// A section's script is loaded at its first visit.

import type { TeamWord } from "../words/team.ts";
import type { Section } from "./section.ts";

export interface Entry {
  /** Name in the address: `#sessions`. */
  name: string;
  /** Title in the navigation and the heading. */
  word: TeamWord;
  /** Fails if the server is unreachable, or of another version than the page. */
  load: () => Promise<Section>;
}

/** The section for an address without a known one. */
export const first: Entry = { name: "overview", word: "admin_overview", load: async () => (await import("./sections/overview.ts")).overview };

export const sections: readonly Entry[] = [
  first,
  { name: "sessions", word: "admin_sessions_title", load: async () => (await import("./sections/sessions.ts")).sessions },
  { name: "actors", word: "admin_title", load: async () => (await import("./sections/actors.ts")).actors },
  { name: "catalogs", word: "admin_catalogs", load: async () => (await import("./sections/catalogs.ts")).catalogs },
  { name: "manuals", word: "admin_manuals", load: async () => (await import("./sections/manuals.ts")).manuals },
  { name: "caches", word: "admin_caches", load: async () => (await import("./sections/caches.ts")).caches },
  { name: "settings", word: "admin_settings", load: async () => (await import("./sections/settings.ts")).settings },
  { name: "analytics", word: "admin_analytics", load: async () => (await import("./sections/analytics.ts")).analytics },
  { name: "conversations", word: "admin_conversations", load: async () => (await import("./sections/conversations.ts")).conversations },
  { name: "audit", word: "admin_audit", load: async () => (await import("./sections/audit.ts")).audit },
  { name: "webhooks", word: "admin_webhooks", load: async () => (await import("./sections/webhooks.ts")).webhooks },
  { name: "users", word: "admin_users", load: async () => (await import("./sections/users.ts")).users },
];
