// The settings as rows: name in the file, current value, and the default if it differs. Plain data, no elements.

/** The response of `/admin/settings`: nested, with the defaults of changed settings under `changed`. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Setting {
  /** Name in the environment and in docs/configuration.md: `cache.manuals.ttl_ms`. */
  name: string;
  /** Its top-level table: `cache`. */
  group: string;
  value: string;
  /** The default, if it differs. */
  instead: string | undefined;
}

export function settingsOf({ changed, ...tree }: Settings): Setting[] {
  const defaults = (changed ?? {}) as Record<string, unknown>;
  const below = (value: unknown, path: readonly string[]): Setting[] => {
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      return Object.entries(value).flatMap(([name, inner]) => below(inner, [...path, name]));
    }
    const name = path.join(".");
    const instead = name in defaults ? shown(defaults[name]) : undefined;
    return [{ name, group: path[0] ?? "", value: shown(value), instead }];
  };
  return Object.entries(tree).flatMap(([name, value]) => below(value, [name]));
}

/** The settings whose name or value contains the text, or only those that differ from the default. */
export function fitting(settings: readonly Setting[], text: string, onlyChanged: boolean): Setting[] {
  const search = text.toLowerCase();
  const has = (part: string): boolean => part.toLowerCase().includes(search);
  return settings.filter(({ name, value, instead }) => (!onlyChanged || instead !== undefined) && (has(name) || has(value)));
}

/** The value as in the file, texts in quotes; a dash if it is not set; a secret is stars. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return value === "***" ? value : JSON.stringify(value);
}
