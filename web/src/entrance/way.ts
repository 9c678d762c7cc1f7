// The redirect after a sign-in.

import type { Me } from "../wire/team.ts";

/** The pages that require a sign-in. An address parameter must not redirect anywhere else. */
const PAGES = ["/agent", "/admin"] as const;
export type Page = (typeof PAGES)[number];

/** The requested page, if it is one of ours. */
export function wanted(address: URL): Page | undefined {
  const next = address.searchParams.get("next");
  return PAGES.find((page) => page === next);
}

/** The page after a sign-in: the requested one if the role permits it, else the role's own page. */
export function wayOf(me: Me, page: Page | undefined): Page {
  if (page === "/admin" && me.role !== "admin") return "/agent";
  return page ?? (me.role === "admin" ? "/admin" : "/agent");
}
