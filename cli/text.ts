/** How do values look to people? Sizes, durations and tables. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 1,610,612,736 → `1.5 GiB`. Whole numbers lose their `.0`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  // 1023.95 and more would be printed as 1024.0 of this unit.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1).replace(/\.0$/, "")} ${UNITS[unit]}`;
}

/** The API gives sizes in GB and used capacity in MB, both binary; anything that is not a number is shown as `-`. */
export const formatGB = (gb: unknown): string => (typeof gb === "number" ? formatBytes(gb * 1024 ** 3) : "-");
export const formatMB = (mb: unknown): string => (typeof mb === "number" ? formatBytes(mb * 1024 ** 2) : "-");

/** A cell: empty and missing values are shown as `-`. */
export function cell(value: unknown): string {
  return value === undefined || value === null || value === "" ? "-" : printable(String(value));
}

/** Names come from other people: control characters must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "\u{fffd}");
}

/** The API's timestamps are UTC, mostly without a zone, and with fractions: seconds are enough for people. */
export function formatTime(time: unknown): string {
  if (typeof time !== "string" || time === "") return "-";
  return `${printable(time)
    .replace("T", " ")
    .replace(/(?:\.\d+)?Z?$/, "")} UTC`;
}

/** A table with left-aligned columns, two blanks between them and no line that ends in blanks. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `name  value` lines for one object. */
export function formatFields(fields: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}
