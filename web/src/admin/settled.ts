// The settings as lines: every one by its name in the file, what is in force, and the default where it is another.
// Plain data, no element.

/** The settings as `/admin/settings` tells them: nested, and under `changed` the defaults of what is not as by default. */
export type Settings = Readonly<Record<string, unknown>>;

export interface Setting {
  /** As in the environment and in docs/configuration.md: `cache.manuals.ttl_ms`. */
  name: string;
  /** The table it stands in: `cache`. */
  group: string;
  value: string;
  /** The default, where it is not in force. */
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

/** Those whose name or value has the text, or only those that are not as by default. */
export function fitting(settings: readonly Setting[], text: string, onlyChanged: boolean): Setting[] {
  const wanted = text.toLowerCase();
  const has = (part: string): boolean => part.toLowerCase().includes(wanted);
  return settings.filter(({ name, value, instead }) => (!onlyChanged || instead !== undefined) && (has(name) || has(value)));
}

/** As in the file: texts in quotes. What is not set has a dash; a secret comes as stars. */
function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  return value === "***" ? value : JSON.stringify(value);
}
