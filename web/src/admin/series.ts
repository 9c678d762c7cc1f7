// The last ten minutes of this pod, from `/admin/series`. Plain data.

/** One value per step, oldest first; null if there is none. */
export type Points = readonly (number | null)[];

export interface Series {
  name: string;
  /** `1/s`, `ms`, `bytes`, `share`, or the counted thing. */
  unit: string;
  points: Points;
}

export interface Charts {
  /** Time of the newest points. */
  now_ms: number;
  step_ms: number;
  series: Series[];
}

export function seriesOf(charts: Charts, name: string): Series | undefined {
  return charts.series.find((series) => series.name === name);
}

/** The newest value, if there is one. */
export function latestOf(charts: Charts, name: string): number | undefined {
  return seriesOf(charts, name)?.points.at(-1) ?? undefined;
}
