// Formats durations and times for the console.

/** A growing wait: `0:42`, `12:05`, `1:02:33`. */
export function waited(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** A time of today, with the date if it is another day. */
export function moment(language: string, at_ms: number, now_ms: number): string {
  const at = new Date(at_ms);
  const isToday = at.toDateString() === new Date(now_ms).toDateString();
  const day = isToday ? {} : ({ day: "numeric", month: "short" } as const);
  return new Intl.DateTimeFormat(language, { ...day, hour: "numeric", minute: "2-digit" }).format(at);
}

/** Updates every element that shows the time since a start. */
export function tick(root: Element, now_ms: number): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-since]")) {
    const label = waited(now_ms - Number(element.dataset.since));
    if (element.textContent !== label) element.textContent = label;
  }
}

/** The name of a language in another, e.g. Hebrew for `he` in English. */
export function languageName(language: string, tag: string): string {
  try {
    return new Intl.DisplayNames([language], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // Visitors may send an invalid tag.
  }
}
