import type { Statement } from "./statement-recorder.js";

/** An id of version 7: it begins with the time at which it was made, in milliseconds since 1970. */
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const INSERT_OF_RELEASES = /^INSERT INTO releases \(([^)]*)\)/;

/**
 * Recorded statements as they can be sent once more: ids that were made while they were recorded are replaced by new ones
 * wherever they are among the values, in arrays and inside of texts too, and the versions of releases count on. Whatever
 * else they wrote may be written again as it is.
 *
 * @param recordedAt when recording began, in milliseconds since 1970
 * @param times how often they were sent before
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

/** Which values of a statement are versions of releases that it makes. */
function findVersionValues(text: string): (index: number) => boolean {
  const columns = INSERT_OF_RELEASES.exec(text)?.[1]?.split(", ");
  if (columns === undefined) return () => false;
  const version = columns.indexOf('"version"');
  return (index) => index % columns.length === version;
}
