import type { Statement } from "./statement-recorder.js";

/** A UUIDv7. It begins with its creation time, in milliseconds since the Unix epoch. */
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const INSERT_OF_RELEASES = /^INSERT INTO releases \(([^)]*)\)/;

/**
 * Prepares recorded statements to be sent again. Replaces ids that were created during the recording by new ones, also in
 * arrays and inside texts, and increments release versions. All other values can be written again unchanged.
 *
 * @param recordedAt when recording began, in milliseconds since the Unix epoch
 * @param times number of times the statements were sent before
 */
export function withFreshIds(
  statements: readonly Statement[],
  recordedAt: number,
  times: number,
  newId: () => string,
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
    const isVersion = findVersionValues(statement.text);
    const values = statement.values.map((value, index) => (isVersion(index) ? Number(value) + times : renew(value)));
    return { ...statement, values };
  });
}

/** Finds which values of a statement are versions of the releases that it inserts. */
function findVersionValues(text: string): (index: number) => boolean {
  const columns = INSERT_OF_RELEASES.exec(text)?.[1]?.split(", ");
  if (columns === undefined) return () => false;
  const version = columns.indexOf('"version"');
  return (index) => index % columns.length === version;
}
