/** Marks a field as `EventCursor` in decorators; a cursor is a string both in code and in responses. */
export abstract class EventCursor {}

const PREFIX = "event:";

/** Encodes a log position as a cursor. Cursors are opaque to clients, which may only compare them and pass them on. */
export function encodeCursor(position: number): string {
  return Buffer.from(`${PREFIX}${position}`).toString("base64url");
}

/** Decodes a cursor to its log position; null if it is invalid. Position 0 precedes every event. */
export function decodeCursor(cursor: string): number | null {
  if (cursor.length > 64) return null;
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  const digits = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : "";
  return /^(0|[1-9]\d{0,15})$/.test(digits) && encodeCursor(Number(digits)) === cursor ? Number(digits) : null;
}
