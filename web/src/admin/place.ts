// Where somebody is in administration, as the part of the address after `#`: section, id, filters. Plain data.
//
// It is the whole state of what is looked at: a link brings a colleague to the same view, and the way back
// of the browser goes through the views there were.

export interface Place {
  section: string;
  /** What is looked at of the section's things, where it is one. */
  id: string | undefined;
  filters: Filters;
}

/** What narrows a list, by name; what is empty does not narrow and is not here. */
export type Filters = Readonly<Record<string, string>>;

/** `#manuals?text=ke`, `#conversations/7f3a`; the section is empty where nothing is said. */
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
    return part; // Typed by hand, and no escape at all.
  }
}
