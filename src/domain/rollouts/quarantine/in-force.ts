import sql, { type Sql } from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import { Quarantine } from "../../../entities/builds/quarantine.js";
import type { Stage } from "../../../entities/core/enums.js";
import { STAGES } from "../../pipelines/stages.js";

/* Which builds are quarantined, and from which stage on. */

/** The quarantines of builds that are in force, by stage, earliest first. */
export async function findQuarantines(reader: Reader, buildIds: readonly string[]): Promise<Quarantine[]> {
  if (buildIds.length === 0) return [];
  const found = await reader.select(
    "quarantines_in_force",
    Quarantine,
    sql`WHERE e.ended_at IS NULL AND ${reader.dialect.oneOf(sql`e.build_id`, [...new Set(buildIds)])}`,
  );
  return inForce(found);
}

/** Selects the quarantines that are in force, by stage, earliest first. Pure. */
export function inForce(quarantines: readonly Quarantine[]): Quarantine[] {
  return quarantines
    .filter(({ endedAt }) => endedAt === null)
    .sort((a, b) => STAGES.indexOf(a.fromStage) - STAGES.indexOf(b.fromStage));
}

/** Whether a quarantine keeps its build out of a stage. */
export function covers({ fromStage }: Pick<Quarantine, "fromStage">, stage: Stage): boolean {
  return STAGES.indexOf(fromStage) <= STAGES.indexOf(stage);
}

/** The ids of the builds that a quarantine keeps out of a stage. */
export async function findQuarantined(
  reader: Reader,
  buildIds: readonly string[],
  stage: Stage,
): Promise<ReadonlySet<string>> {
  const found = await findQuarantines(reader, buildIds);
  return new Set(found.filter((one) => covers(one, stage)).map(({ buildId }) => buildId));
}

/**
 * The condition that no quarantine keeps the build of the alias `e` out of a stage. As in `covers`, a quarantine from
 * an unknown stage does.
 */
export function isNotQuarantined({ dialect }: Reader, stage: Stage): Sql {
  const later = STAGES.filter((fromStage) => !covers({ fromStage }, stage));
  return sql`NOT EXISTS (SELECT 1 FROM quarantines q
    WHERE q.build_id = e.build_id AND q.ended_at IS NULL AND NOT (${dialect.oneOf(sql`q.from_stage`, later)}))`;
}
