/** Formats a value for a summary: text in quotes, cut to 60 characters. */
export function formatValue(value: string | boolean | null): string {
  if (typeof value !== "string") return value === null ? "none" : value ? "on" : "off";
  return `"${value.length > 60 ? `${value.slice(0, 59)}…` : value}"`;
}
