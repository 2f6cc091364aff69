import type { DataSource } from "typeorm";
import { VERSION } from "../runtime/version.js";
import { DatabaseOpenError } from "./database.js";

/*
 * Which version of Railyard may open a database. `schema_version` holds the newest version that has migrated it; that
 * version and newer ones may open it. An older version would read and write rows whose meaning it does not know.
 */

/**
 * The version that the migration writes when it creates the table, because it does not know the version of Railyard.
 */
const UNRECORDED = "0.0.0";

/**
 * Whether `migrateSchema` would change nothing: every migration was executed, and the recorded version is not newer
 * than this one.
 *
 * @param migrations all migrations of this version
 * @param executed the names in the table of migrations
 * @param recorded the version in the database
 */
export function isUpToDate(
  migrations: readonly MigrationClass[],
  executed: readonly string[],
  recorded: string | undefined,
): boolean {
  if (recorded === undefined || recorded === UNRECORDED || isNewer(recorded, VERSION)) return false;
  const known = new Set(migrations.map((Migration) => new Migration().name));
  return executed.length === known.size && executed.every((name) => known.has(name));
}

type MigrationClass = new () => { readonly name: string };

/**
 * Runs the migrations that are missing, and records this version if there were any, or if none is recorded.
 *
 * @param name the database, for the message
 * @throws DatabaseOpenError if a newer version has migrated the database; nothing is changed
 */
export async function migrateSchema(source: DataSource, name: string): Promise<void> {
  const recorded = await requireKnownSchema(source, name);
  const executed = await source.runMigrations({ transaction: "each" });
  if (executed.length === 0 && recorded !== null && recorded !== UNRECORDED) return;
  await source.query(`UPDATE schema_version SET version = '${VERSION}' WHERE id = 1`);
}

/** Returns the recorded version; null if the database has none yet. */
async function requireKnownSchema(source: DataSource, name: string): Promise<string | null> {
  const runner = source.createQueryRunner();
  try {
    if (!(await runner.hasTable("migrations"))) return null;
    const rows: { name: string }[] = await runner.query("SELECT name FROM migrations ORDER BY id");
    const known = new Set(source.migrations.map((migration) => migration.name));
    const unknown = rows.find((row) => !known.has(row.name));
    const recorded = await readVersion(runner);
    if (unknown === undefined && (recorded === null || !isNewer(recorded, VERSION))) return recorded;
    const writer =
      recorded !== null && isNewer(recorded, VERSION) ? `Railyard ${recorded}` : "a newer version of Railyard";
    const migration = unknown === undefined ? "" : ` (migration ${unknown.name})`;
    throw new DatabaseOpenError(
      `The database ${name} was written by ${writer}${migration}; this is ${VERSION}. Start that version or a newer one, or restore a backup from before the upgrade.`,
    );
  } finally {
    await runner.release();
  }
}

async function readVersion(runner: ReturnType<DataSource["createQueryRunner"]>): Promise<string | null> {
  if (!(await runner.hasTable("schema_version"))) return null;
  const [row]: { version: string }[] = await runner.query("SELECT version FROM schema_version");
  return row?.version ?? null;
}

/** Compares the numbers of `1.2.3`. */
function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => (/^\d+(\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
