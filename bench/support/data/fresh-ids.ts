import type { Statement } from "../statement-recorder.js";

/** A UUIDv7. It begins with its creation time, in milliseconds since the Unix epoch. */
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
/** An INSERT, after an optional comment with the name of the statement. */
const INSERT = /^(?:\/\*.*?\*\/ )?INSERT INTO (\w+) \(([^)]*)\)/;

/** The tables whose rows have a unique position that a statement inserts. */
const ORDERED = ["promotions", "releases"];

/** Creates the values that must differ each time the statements are sent. */
export interface FreshValues {
  newId(): string;
  /** Positions are unique in their table, so they must be larger than every recorded one. */
  newPosition(): number;
}

/**
 * Prepares recorded statements to be sent again. Replaces ids that were created during the recording by new ones, also
 * in arrays and inside texts, and increments release versions. Rows get new positions. All other values can be written
 * again unchanged.
 *
 * @param recordedAt when recording began, in milliseconds since the Unix epoch
 * @param times number of times the statements were sent before
 */
export function withFreshIds(
  statements: readonly Statement[],
  recordedAt: number,
  times: number,
  { newId, newPosition }: FreshValues,
): readonly Statement[] {
  const ids = new Map<string, string>();
  const renewedId = (id: string) => {
    if (Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16) < recordedAt) return id;
    const mine = ids.get(id) ?? newId();
    ids.set(id, mine);
    return mine;
  };
  const renew = (value: unknown): unknown => {
    if (typeof value === "string") return value.replace(ID, renewedId);
    return Array.isArray(value) ? value.map(renew) : value;
  };
  return statements.map((statement) => {
    const isVersion = findValues(statement.text, "releases", "version");
    const ordered = ORDERED.map((table) => findValues(statement.text, table, "position"));
    const isPosition = (index: number) => ordered.some((isOfTable) => isOfTable(index));
    const values = statement.values.map((value, index) => {
      if (isPosition(index)) return newPosition();
      return isVersion(index) ? Number(value) + times : renew(value);
    });
    return { ...statement, values };
  });
}

/** Finds which values of a statement are those of a column in the rows that it inserts. */
function findValues(text: string, table: string, column: string): (index: number) => boolean {
  const [, inserted, list = ""] = INSERT.exec(text) ?? [];
  if (inserted !== table) return () => false;
  const columns = list.split(", ");
  const position = columns.indexOf(`"${column}"`);
  return (index) => index % columns.length === position;
}
