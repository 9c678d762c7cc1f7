// The place in the administration, from the address after `#`: section, id, filters. Plain data.
//
// It is the whole state of the view: a link shows a colleague the same view, and the browser's Back goes through
// the earlier views.

export interface Place {
  section: string;
  /** Id of the shown item, if there is one. */
  id: string | undefined;
  filters: Filters;
}

/** Filters by name; empty ones are left out. */
export type Filters = Readonly<Record<string, string>>;

/** `#manuals?text=ke`, `#conversations/7f3a`; the section is empty if the address names none. */
export function placeOf(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [section = "", id] = path.split(/\/(.*)/s);
  const filters = Object.fromEntries([...new URLSearchParams(query)].filter(([, value]) => value !== ""));
  return { section, id: id === undefined || id === "" ? undefined : decoded(id), filters };
}

export function hashOf({ section, id, filters = {} }: { section: string; id?: string | undefined; filters?: Filters }): string {
  const filled = Object.entries(filters).filter(([, value]) => value !== "");
  const query = filled.length === 0 ? "" : `?${new URLSearchParams(filled).toString()}`;
  return `#${section}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${query}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // Typed by hand, not a valid escape.
  }
}
