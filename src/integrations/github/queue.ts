import sql from "sql-template-tag";
import type { Database } from "../../database/database.js";
import type { Tx } from "../../database/rows/reader.js";
import { GithubPosition, GithubReport } from "../../entities/github/github-report.js";
import { Release } from "../../entities/releases/release.js";
import { logBounds, readEvents } from "../../events/log.js";

/*
 * The queue of what GitHub is to be told. The event log is its beginning: a release's events are written in the release's
 * own transaction, so nothing that was committed can be missing. `collect` goes through them from where it stopped, and
 * moves on in the transaction that queues what it found.
 */

/** What may change how a release's deployment looks. */
const TYPES = ["RELEASE_CREATED", "RELEASE_PHASE_CHANGED", "APP_DELETED"];
/** How many events are gone through in one transaction. */
const BATCH_SIZE = 200;

/** Begins at the end of the log, unless it has begun before: nobody wants to be told of all history at once. */
export async function enableQueue(db: Database): Promise<void> {
  if ((await db.reader.first(GithubPosition, { id: 1 })) !== null) return;
  await db.write(async (tx) => {
    const { head } = await logBounds(tx);
    // Another instance may begin at the same moment.
    await tx.query(sql`INSERT INTO github_position (id, position) VALUES (1, ${head}) ON CONFLICT (id) DO NOTHING`);
  });
}

/** Forgets where it was, for as long as there is nobody to tell: it will begin at the end of the log again. */
export async function disableQueue(db: Database): Promise<void> {
  if ((await db.reader.first(GithubPosition, { id: 1 })) === null) return;
  await db.write((tx) => tx.delete(GithubPosition, { id: 1 }));
}

/** Queues the releases that were made or have moved since it last looked, of the codebases of one host. */
export async function collect(db: Database, host: string, now: () => Date): Promise<void> {
  for (let more = true; more; ) {
    const seen = await db.reader.first(GithubPosition, { id: 1 });
    if (seen === null || (await readEvents(db.reader, { types: TYPES }, seen.position, 1)).length === 0) return;
    more = await db.write((tx) => collectStep(tx, host, now()));
  }
}

async function collectStep(tx: Tx, host: string, now: Date): Promise<boolean> {
  const seen = await tx.first(GithubPosition, { id: 1 }, { lock: "change" });
  if (seen === null) return false;
  const events = await readEvents(tx, { types: TYPES }, seen.position, BATCH_SIZE);
  const last = events.at(-1);
  if (last === undefined) return false;
  const moved = events.flatMap((event) => event.releaseId ?? []);
  const gone = events.filter((event) => event.type === "APP_DELETED").map((event) => findSubjectId(event.detail));
  await enqueue(tx, await findReportable(tx, moved, host), now);
  const deployed = await tx.find(GithubReport, { appId: gone });
  await enqueue(
    tx,
    await tx.find(Release, { id: deployed.filter((row) => row.told === "success").map((row) => row.releaseId) }),
    now,
  );
  await tx.update(GithubPosition, { id: 1 }, { position: last.position });
  return events.length === BATCH_SIZE;
}

const NEVER_REPORTED = { deploymentId: null, told: null, uncertain: false };

async function enqueue(tx: Tx, releases: readonly Release[], now: Date): Promise<void> {
  const due = { state: "PENDING", attempts: 0, problem: null, nextAttemptAt: now, updatedAt: now } as const;
  const ids = releases.map((release) => release.id);
  const there = new Set((await tx.find(GithubReport, { releaseId: ids })).map((row) => row.releaseId));
  await tx.update(GithubReport, { releaseId: ids }, due);
  await tx.insert(
    GithubReport,
    releases
      .filter((release) => !there.has(release.id))
      .map(({ id, appId }) => Object.assign(new GithubReport(), { ...NEVER_REPORTED, ...due, releaseId: id, appId })),
  );
}

/** Those of the releases whose builds are of the host's codebases. */
function findReportable(tx: Tx, releaseIds: readonly string[], host: string): Promise<Release[]> {
  const mine = tx.dialect.oneOf(sql`e.id`, [...new Set(releaseIds)]);
  return tx.select(
    Release,
    sql`JOIN builds b ON b.id = e.build_id WHERE ${mine} AND b.repository LIKE ${`${host}/%`} ORDER BY e.id`,
  );
}

function findSubjectId(detail: unknown): string {
  return String((detail as { subjectId?: unknown }).subjectId);
}
