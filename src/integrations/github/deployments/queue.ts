import sql from "sql-template-tag";
import type { Database } from "../../../database/database.js";
import type { Tx } from "../../../database/rows/tx.js";
import { GithubPosition, GithubReport } from "../../../entities/github/github-report.js";
import { Release } from "../../../entities/releases/release.js";
import { logBounds } from "../../../events/bounds.js";
import { readEvents } from "../../../events/read.js";

/*
 * The queue of reports to GitHub, fed from the event log. A release's events are written in the same transaction as the
 * release, so no committed change is missed. `collect` reads the log from its last position, and advances the position
 * in the transaction that adds to the queue.
 */

/** Events that can change the state of a release's deployment. */
const TYPES = ["RELEASE_CREATED", "RELEASE_PHASE_CHANGED", "APP_DELETED"];
/** Number of events processed per transaction. */
const BATCH_SIZE = 200;

/** Starts at the end of the log, unless a position exists already: past releases are not reported. */
export async function enableQueue(db: Database): Promise<void> {
  if ((await db.reader.first(GithubPosition, { id: 1 })) !== null) return;
  await db.write(async (tx) => {
    const { head } = await logBounds(tx);
    // Another instance may start at the same time.
    await tx.execute(
      "start_github_position",
      sql`INSERT INTO github_position (id, position) VALUES (1, ${head}) ON CONFLICT (id) DO NOTHING`,
    );
  });
}

/** Deletes the position while reporting is disabled. Reporting will start at the end of the log again. */
export async function disableQueue(db: Database): Promise<void> {
  if ((await db.reader.first(GithubPosition, { id: 1 })) === null) return;
  await db.write((tx) => tx.delete(GithubPosition, { id: 1 }));
}

/** Queues the releases of one host's repositories that were created or changed since the last run. */
export async function collect(db: Database, host: string, now: () => Date): Promise<void> {
  for (let more = true; more; ) {
    const position = await db.reader.first(GithubPosition, { id: 1 });
    if (position === null || (await readEvents(db.reader, { types: TYPES }, position.position, 1)).length === 0) return;
    more = await db.write((tx) => collectStep(tx, host, now()));
  }
}

async function collectStep(tx: Tx, host: string, now: Date): Promise<boolean> {
  const position = await tx.first(GithubPosition, { id: 1 }, { lock: "change" });
  if (position === null) return false;
  const events = await readEvents(tx, { types: TYPES }, position.position, BATCH_SIZE);
  const last = events.at(-1);
  if (last === undefined) return false;
  const changed = events.flatMap((event) => event.releaseId ?? []);
  const deletedApps = events
    .filter((event) => event.type === "APP_DELETED")
    .map((event) => findSubjectId(event.detail));
  await enqueue(tx, await findReportable(tx, changed, host), now);
  const deployed = await tx.find(GithubReport, { appId: deletedApps });
  await enqueue(
    tx,
    await tx.find(Release, {
      id: deployed.filter((row) => row.lastReportedState === "SUCCESS").map((row) => row.releaseId),
    }),
    now,
  );
  await tx.update(GithubPosition, { id: 1 }, { position: last.position });
  return events.length === BATCH_SIZE;
}

const NEVER_REPORTED = { deploymentId: null, lastReportedState: null, uncertain: false };

async function enqueue(tx: Tx, releases: readonly Release[], now: Date): Promise<void> {
  const due = { phase: "PENDING", attempts: 0, failureReason: null, nextAttemptAt: now, updatedAt: now } as const;
  const ids = releases.map((release) => release.id);
  const existing = new Set((await tx.find(GithubReport, { releaseId: ids })).map((row) => row.releaseId));
  await tx.update(GithubReport, { releaseId: ids }, due);
  await tx.insert(
    GithubReport,
    releases
      .filter((release) => !existing.has(release.id))
      .map(({ id, appId, position }) =>
        Object.assign(new GithubReport(), { ...NEVER_REPORTED, ...due, releaseId: id, appId, position }),
      ),
  );
}

/** Filters the releases whose builds come from the host's repositories. */
function findReportable(tx: Tx, releaseIds: readonly string[], host: string): Promise<Release[]> {
  const isListed = tx.dialect.oneOf(sql`e.id`, [...new Set(releaseIds)]);
  return tx.select(
    "reportable_releases",
    Release,
    sql`JOIN builds b ON b.id = e.build_id WHERE ${isListed} AND b.repository LIKE ${`${host}/%`} ORDER BY e.position`,
  );
}

function findSubjectId(detail: unknown): string {
  return String((detail as { subjectId?: unknown }).subjectId);
}
