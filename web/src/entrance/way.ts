// Where somebody goes once they are let in.

import type { Me } from "../wire/team.ts";

/** The pages that want somebody signed in. An address must not send anybody anywhere else. */
const PAGES = ["/agent", "/admin"] as const;
export type Page = (typeof PAGES)[number];

/** The page that was asked for, where it is one of ours. */
export function wanted(address: URL): Page | undefined {
  const next = address.searchParams.get("next");
  return PAGES.find((page) => page === next);
}

/** Where somebody goes: where they wanted to, where they may; else to their own page. */
export function wayOf(me: Me, page: Page | undefined): Page {
  if (page === "/admin" && me.role !== "admin") return "/agent";
  return page ?? (me.role === "admin" ? "/admin" : "/agent");
}
