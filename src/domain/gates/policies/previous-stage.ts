import sql from "sql-template-tag";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Stage } from "../../../entities/core/enums.js";
import type { Subject } from "../gate.js";

const IN_STAGES = columns({ id: "text", build_id: "text", pipeline_id: "text", stage: "text" });

/**
 * Whether the policy of the target stage applies to a subject: to promotions, and to direct releases to STAGING or
 * PRODUCTION. Builds are deployed to REVIEW and DEVELOPMENT automatically.
 */
export function isGated({ way, to }: Subject): boolean {
  return way === "PROMOTION" || (way === "RELEASE" && (to === "STAGING" || to === "PRODUCTION"));
}

/**
 * The ids of the releases of each subject's build on the apps of the previous stage, for subjects without a release.
 */
export async function findInPreviousStage(
  reader: Reader,
  subjects: readonly Subject[],
): Promise<ReadonlyMap<Subject, readonly string[]>> {
  const direct = subjects.filter(({ release }) => release === null);
  if (direct.length === 0) return new Map();
  const { oneOf } = reader.dialect;
  const pipelines = [...new Set(direct.map(({ pipeline }) => pipeline.id))];
  const builds = [...new Set(direct.map(({ build }) => build.id))];
  const rows = await reader.query(
    "releases_in_stages",
    IN_STAGES,
    sql`SELECT r.id, r.build_id, c.pipeline_id, c.stage FROM couplings c
      JOIN releases r ON r.app_id = c.app_id
      WHERE ${oneOf(sql`c.pipeline_id`, pipelines)} AND ${oneOf(sql`r.build_id`, builds)} ORDER BY r.id`,
  );
  const before: Partial<Record<Stage, Stage>> = { STAGING: "DEVELOPMENT", PRODUCTION: "STAGING" };
  return new Map(
    direct.map((subject) => {
      const mine = rows.filter(
        (row) =>
          row.build_id === subject.build.id &&
          row.pipeline_id === subject.pipeline.id &&
          row.stage === (subject.to === null ? undefined : before[subject.to]),
      );
      return [subject, mine.map((row) => row.id)];
    }),
  );
}
