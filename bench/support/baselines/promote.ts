import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { newId } from "../../../src/domain/core/values/id.js";
import { handleCalls } from "../child-process.js";

/*
 * The lower bound for a promotion: one transaction that writes the same number of rows to the same tables through
 * prepared statements, equally durable. The rows are copies of a real promotion's with new ids, versions and positions.
 */

type Row = Record<string, string | number | null>;

const file = new SqliteFile(process.argv[2] ?? "");
file.pragma("journal_mode = WAL");
file.pragma("synchronous = FULL");
file.pragma("foreign_keys = ON");

function into(table: string, sample: Row): (row: Row) => void {
  const names = Object.keys(sample);
  const statement = file.prepare(
    `INSERT INTO ${table} (${names.map((name) => `"${name}"`)}) VALUES (${names.map(() => "?")})`,
  );
  return (row) => {
    statement.run(...names.map((name) => row[name] ?? null));
  };
}

const getRows = (text: string, ...args: unknown[]) => file.prepare(text).all(...args) as Row[];

/** Returns a function that writes copies of the rows of an app's newest promotion. */
function getWriter(sourceApp: string): () => void {
  const [newest] = getRows(
    "SELECT p.* FROM promotions p JOIN apps a ON a.id = p.source_app_id WHERE a.name = ? ORDER BY p.position DESC LIMIT 1",
    sourceApp,
  );
  if (newest === undefined) throw new Error(`${sourceApp} has no promotion to copy.`);
  // A trigger assigns it.
  const { updated_position: _, ...promotion } = newest;
  const releases = getRows("SELECT * FROM releases WHERE promotion_id = ? ORDER BY id", promotion.id);
  const targets = getRows("SELECT * FROM promotion_targets WHERE promotion_id = ? ORDER BY id", promotion.id);
  const events = getRows(
    `SELECT e.* FROM promotions p JOIN events e
        ON e.promotion_id = p.id OR e.release_id IN (SELECT r.id FROM releases r WHERE r.promotion_id = p.id)
      WHERE p.id = ? ORDER BY e.position`,
    promotion.id,
  );
  const first = Number(events[0]?.position);
  const concerns = getRows("SELECT * FROM event_apps WHERE position BETWEEN ? AND ?", first, first + events.length - 1);
  const [sampleRelease, sampleTarget, sampleEvent, sampleConcern] = [releases[0], targets[0], events[0], concerns[0]];
  if (!sampleRelease || !sampleTarget || !sampleEvent || !sampleConcern)
    throw new Error("The promotion is incomplete.");
  const insertPromotion = into("promotions", promotion);
  const insertRelease = into("releases", sampleRelease);
  const insertTarget = into("promotion_targets", sampleTarget);
  const insertEvent = into("events", sampleEvent);
  const insertConcern = into("event_apps", sampleConcern);
  const advance = file.prepare("UPDATE event_log SET head = head + ? WHERE id = 1 RETURNING head");
  const nextPosition = file.prepare("SELECT MAX(position) + 1 AS position FROM promotions");
  const nextOfRelease = file.prepare("SELECT MAX(position) + 1 AS position FROM releases");
  let version = 0;
  return () => {
    file.exec("BEGIN IMMEDIATE");
    version += 1;
    const promotionId = newId();
    insertPromotion({ ...promotion, id: promotionId, position: Number(nextPosition.get()?.position) });
    const ids = new Map<unknown, string>([[promotion.id, promotionId]]);
    const renamed = (id: string | number | null | undefined) => ids.get(id) ?? id ?? null;
    for (const release of releases) {
      const id = newId();
      ids.set(release.id, id);
      const position = Number(nextOfRelease.get()?.position);
      insertRelease({
        ...release,
        id,
        promotion_id: promotionId,
        version: Number(release.version) + version,
        position,
      });
    }
    for (const target of targets) {
      insertTarget({ ...target, id: newId(), promotion_id: promotionId, release_id: renamed(target.release_id) });
    }
    const start = Number(advance.get(events.length)?.head) - events.length + 1;
    for (const event of events) {
      const position = Number(event.position) - first + start;
      const [promotion_id, release_id] = [renamed(event.promotion_id), renamed(event.release_id)];
      insertEvent({ ...event, position, promotion_id, release_id });
    }
    for (const row of concerns) insertConcern({ ...row, position: Number(row.position) - first + start });
    file.exec("COMMIT");
  };
}

const writers = new Map<string, () => void>();

handleCalls({
  /** Writes promotions of an app. Returns the duration of each, in milliseconds. */
  measure: (sourceApp: string, times: number) => {
    let write = writers.get(sourceApp);
    if (write === undefined) {
      write = getWriter(sourceApp);
      writers.set(sourceApp, write);
    }
    return Array.from({ length: times }, () => {
      const start = performance.now();
      write();
      return performance.now() - start;
    });
  },
});
