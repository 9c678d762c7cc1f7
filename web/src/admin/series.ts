// The last ten minutes of this pod as `/admin/series` tells them. Plain data.

/** A value a step, the oldest first; null where there is none. */
export type Points = readonly (number | null)[];

export interface Series {
  name: string;
  /** `1/s`, `ms`, `bytes`, `share`, or what is counted. */
  unit: string;
  points: Points;
}

export interface Charts {
  /** When the newest points were taken. */
  now_ms: number;
  step_ms: number;
  series: Series[];
}

export function seriesOf(charts: Charts, name: string): Series | undefined {
  return charts.series.find((series) => series.name === name);
}

/** The newest value, where there is one. */
export function latestOf(charts: Charts, name: string): number | undefined {
  return seriesOf(charts, name)?.points.at(-1) ?? undefined;
}
