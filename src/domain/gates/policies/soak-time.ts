import sql from "sql-template-tag";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import { Release } from "../../../entities/releases/release.js";
import { formatDuration, readDuration } from "../../core/values/duration.js";
import { createBlocker } from "../blocker.js";
import { defineGate, type Fact, InvalidFact, type Subject } from "../gate.js";
import { findInPreviousStage, isGated } from "./previous-stage.js";
import { policyFact } from "./stage-policy-fact.js";

const PERIODS = columns({ app_name: "text", until: "integer or null" });

/** The longest soak time. */
export const MAX_SOAK_TIME = "30d";

/** A continuous period in which a release was current on its app. */
export interface CurrentPeriod {
  readonly release: Release;
  readonly appName: string;
  /** When it succeeded; null if it has not. */
  readonly since: Date | null;
  /** When a later release succeeded; null if it is still current. */
  readonly until: Date | null;
}

/** The periods in which the relevant releases were current. Loaded only for subjects that require a soak time. */
const periodsFact: Fact<readonly CurrentPeriod[]> = {
  name: "soak times",
  async load(reader, subjects, _now, other) {
    const policies = await other(policyFact);
    const soaking = subjects.filter((subject, index) => policies[index]?.soakTime != null && isGated(subject));
    const previous = await findInPreviousStage(reader, soaking);
    const ids = (subject: Subject) => (subject.release === null ? (previous.get(subject) ?? []) : [subject.release.id]);
    const periods = await findPeriods(reader, [...new Set(soaking.flatMap(ids))]);
    return subjects.map((subject) =>
      soaking.includes(subject) ? ids(subject).flatMap((id) => periods.get(id) ?? []) : [],
    );
  },
};

/**
 * Blocks until the release has been current on the source app for the soak time of the stage. The build of a direct
 * release to STAGING or PRODUCTION must have been current for that long on an app of the previous stage. Otherwise
 * direct releases would bypass the soak time.
 */
export const soakTimeGate = defineGate({
  name: "soak time",
  facts: { policy: policyFact, periods: periodsFact },
  evaluate(now, subject, { policy, periods }) {
    const { soakTime } = policy;
    if (soakTime === null || !isGated(subject)) return [];
    if (!(soakTime >= 0 && soakTime <= readDuration(MAX_SOAK_TIME))) {
      throw new InvalidFact(`the soak time of ${subject.to} is invalid`);
    }
    const ends = periods.map((period) => findEnd(period, soakTime));
    if (ends.some((end) => end !== null && end <= now)) return [];
    const [clearsAt] = ends.filter((end) => end !== null).sort((a, b) => a.getTime() - b.getTime());
    const what = subject.release === null ? "This build" : `v${subject.release.version} of ${periods[0]?.appName}`;
    const where = subject.release === null ? "on an app of the stage before" : "there";
    const rule = `${what} must have been current ${where} for ${formatDuration(soakTime)} before it goes to ${subject.to}`;
    const app = subject.way === "PROMOTION" ? null : (subject.targets[0]?.app ?? null);
    const waits = clearsAt !== undefined || periods.some(({ since }) => since === null);
    return [
      createBlocker({
        code: "SOAKING",
        message: `${rule}; ${explain(clearsAt, periods)}.`,
        app,
        clearsAt: clearsAt ?? null,
        remedies: waits ? ["WAIT", "FORCE"] : subject.release === null ? ["DEPLOY", "FORCE"] : ["FORCE"],
      }),
    ];
  },
});

/** When a period reaches the soak time; null if it never does. */
function findEnd({ since, until }: CurrentPeriod, soakTime: number): Date | null {
  const end = since === null ? null : new Date(since.getTime() + soakTime);
  return end !== null && (until === null || until >= end) ? end : null;
}

function explain(clearsAt: Date | undefined, periods: readonly CurrentPeriod[]): string {
  if (clearsAt !== undefined) return `that is at ${clearsAt.toISOString()}`;
  if (periods.length === 0) return "it is on none";
  if (periods.some(({ release }) => release.verificationState === "FAILED")) return "its verification failed";
  return periods.some(({ since }) => since === null) ? "it has not succeeded yet" : "a later release replaced it";
}

/** When releases were current. */
async function findPeriods(reader: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, CurrentPeriod>> {
  if (ids.length === 0) return new Map();
  const table = reader.table(Release);
  const rows = await reader.query(
    "current_periods",
    PERIODS,
    sql`SELECT ${table.select}, a.name AS app_name,
      (SELECT MIN(COALESCE(n.succeeded_at, n.updated_at)) FROM releases n
        WHERE n.app_id = e.app_id AND n.version > e.version AND n.phase = 'SUCCEEDED') AS until
      FROM releases e JOIN apps a ON a.id = e.app_id WHERE ${reader.dialect.oneOf(sql`e.id`, ids)}`,
  );
  return new Map(
    rows.map((row) => {
      const release = table.fromRow(row);
      const since = findSince(release);
      const until = row.until === null ? null : new Date(row.until);
      return [release.id, { release, appName: row.app_name, since, until }];
    }),
  );
}

/**
 * When a release began to count as current: when it succeeded, or when it was verified again after a failed
 * verification. Null unless it has succeeded, and while its verification is FAILED.
 */
function findSince(release: Release): Date | null {
  if (release.phase !== "SUCCEEDED" || release.verificationState === "FAILED") return null;
  const verifiedAgain = release.verificationFailedAt === null ? null : release.verifiedAt;
  return verifiedAgain ?? release.succeededAt ?? release.updatedAt;
}
