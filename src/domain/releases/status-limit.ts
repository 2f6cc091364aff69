import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { buildSubject } from "../builds/build-events.js";
import { LIMITS } from "../core/input.js";

/*
 * A release or build keeps every required status, and the latest 1,000 others. A matrix of jobs may report hundreds of
 * contexts. If a limit refused further ones, it could refuse a required one.
 */

/**
 * Makes room for the status of one more context: deletes the statuses that were updated longest ago, except required
 * ones.
 *
 * @returns one event that names what was deleted, or none
 */
export async function dropOldest(
  tx: Tx,
  build: Build,
  subject: { readonly releaseId: string | null; readonly buildId?: string },
  context: string,
): Promise<EventDraft[]> {
  if ((await tx.count(ReleaseStatus, subject)) < LIMITS.optionalContexts) return [];
  const required = await requiredContexts(tx, build);
  if (required.has(context)) return [];
  const statuses = await tx.find(ReleaseStatus, subject, { order: "updatedAt" });
  const optional = statuses.filter((status) => !required.has(status.context));
  const dropped = optional.slice(0, Math.max(optional.length - LIMITS.optionalContexts + 1, 0));
  if (dropped.length === 0) return [];
  await tx.delete(ReleaseStatus, { id: dropped.map((status) => status.id) });
  const names = dropped.map((status) => status.context).join(", ");
  return [
    changed(
      "BUILD_UPDATED",
      buildSubject(build),
      `Deleted the oldest of more than ${LIMITS.optionalContexts} optional statuses: ${names}`,
    ),
  ];
}

const REQUIRED_CHECKS = columns({ required_checks: "text" });

/**
 * The required contexts of all apps to which the build may be released: those in pipelines of its repository, and in
 * pipelines where it was released.
 */
export async function requiredContexts(reader: Reader, build: Build): Promise<ReadonlySet<string>> {
  const rows = await reader.query(
    "required_contexts",
    REQUIRED_CHECKS,
    sql`SELECT c.required_checks FROM couplings c JOIN pipelines p ON p.id = c.pipeline_id
      WHERE p.repository = ${build.repository} OR p.id IN (
        SELECT o.pipeline_id FROM couplings o JOIN releases r ON r.app_id = o.app_id WHERE r.build_id = ${build.id})`,
  );
  return new Set(rows.flatMap((row) => JSON.parse(row.required_checks) as string[]));
}
