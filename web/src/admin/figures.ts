// Formats numbers with their unit, in the user's language. Pure functions, no elements.

/** Units of bytes, by thousands. */
const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** `1.4 MB`. */
export function bytes(n: number, language: string): string {
  const power = n < 1000 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(n) / 3));
  const value = n / 1000 ** power;
  const digits = { maximumFractionDigits: power > 0 && value < 100 ? 1 : 0 };
  const unit = { style: "unit", unit: BYTES[power] ?? "byte", unitDisplay: "short" } as const;
  return new Intl.NumberFormat(language, { ...unit, ...digits }).format(value);
}

/** With few significant digits: `0.034`, `1.2`, `1,234`. */
export function plainNumber(n: number, language: string): string {
  const digits = Math.abs(n) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat(language, digits).format(n);
}

/** A value of a series with its unit: `1/s`, `ms`, `bytes`, `share` or the counted thing. */
export function quantity(n: number, unit: string, language: string): string {
  switch (unit) {
    case "bytes":
      return bytes(n, language);
    case "share":
      return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: n > 0 && n < 0.1 ? 1 : 0 }).format(n);
    case "ms":
      return milliseconds(n, language);
    case "1/s":
      return `${plainNumber(n, language)}/${new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "narrow" }).format(1).replace(/[\d\s]/g, "")}`;
    default:
      return plainNumber(n, language);
  }
}

/** A date and time. */
export function moment(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(ms);
}

/** A time of today, to the second. */
export function clock(ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(ms);
}

function milliseconds(ms: number, language: string): string {
  const seconds = ms >= 1000;
  const unit = { style: "unit", unit: seconds ? "second" : "millisecond", unitDisplay: "short" } as const;
  const value = seconds ? ms / 1000 : ms;
  return new Intl.NumberFormat(language, { ...unit, maximumSignificantDigits: 3 }).format(value);
}
