/** Marks a field as `EventCursor` in decorators; on the wire and in code a cursor is a string. */
export abstract class EventCursor {}

const PREFIX = "event:";

/** The cursor of a position in the log. Clients are to take it as opaque: only equality and `after` are theirs. */
export function encodeCursor(position: number): string {
  return Buffer.from(`${PREFIX}${position}`).toString("base64url");
}

/** The position that a cursor stands for, or null where it is none of ours. Position 0 is before every event. */
export function decodeCursor(cursor: string): number | null {
  if (cursor.length > 64) return null;
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  const digits = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
  return /^(0|[1-9]\d{0,15})$/.test(digits) && encodeCursor(Number(digits)) === cursor ? Number(digits) : null;
}
