import sql from "sql-template-tag";
import type { AvailableCheck } from "../../entities/pipelines/available-check.js";
import { columns } from "../rows/raw-rows.js";
import type { Reader } from "../rows/reader.js";
import { checkRows, limitTo, type RowBudget } from "../rows/row-budget.js";

const REPORTS = columns({ pipeline_id: "text", context: "text", name: "text or null", updated_at: "integer" });

/** How many of the latest releases of each app are read, instead of its whole history. */
const RELEASES_PER_APP = 20;

/**
 * Every context reported on one of the latest releases of an app that is in the pipeline, or on a build of one, with
 * its last report.
 *
 * @param budget bounds the rows that are read; null for no bound
 */
export async function availableChecks(
  reader: Reader,
  pipelineIds: readonly string[],
  budget: RowBudget | null = null,
): Promise<(readonly AvailableCheck[])[]> {
  const latest = sql`FROM couplings c JOIN releases r ON r.app_id = c.app_id
      AND r.version > (SELECT MAX(m.version) FROM releases m WHERE m.app_id = c.app_id) - ${RELEASES_PER_APP}`;
  const mine = reader.dialect.oneOf(sql`c.pipeline_id`, pipelineIds);
  const rows = await reader.query(
    "available_checks",
    REPORTS,
    sql`SELECT pipeline_id, context, name, MAX(updated_at) AS updated_at FROM (
        SELECT c.pipeline_id, s.context, s.name, s.updated_at
          ${latest} JOIN release_statuses s ON s.release_id = r.id WHERE ${mine}
        UNION
        SELECT c.pipeline_id, s.context, s.name, s.updated_at
          ${latest} JOIN release_statuses s ON s.build_id = r.build_id AND s.release_id IS NULL WHERE ${mine}
      ) reports
      GROUP BY pipeline_id, context, name ORDER BY 1, 2, 4 ${limitTo(budget)}`,
  );
  const lists = new Map(pipelineIds.map((id) => [id, new Map<string, AvailableCheck>()]));
  for (const row of checkRows(budget, rows)) {
    const checks = lists.get(row.pipeline_id);
    const { context } = row;
    const name = row.name ?? checks?.get(context)?.name ?? null;
    checks?.set(context, { context, name, lastReportedAt: new Date(row.updated_at) });
  }
  return pipelineIds.map((id) => [...(lists.get(id)?.values() ?? [])]);
}
