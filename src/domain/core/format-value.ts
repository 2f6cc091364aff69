/** A value for a summary: text in quotes, cut where it is long. */
export function formatValue(value: string | boolean | null): string {
  if (typeof value !== "string") return value === null ? "none" : value ? "on" : "off";
  return `"${value.length > 60 ? `${value.slice(0, 59)}…` : value}"`;
}
