import sql from "sql-template-tag";
import type { AvailableCheck } from "../../entities/pipelines/available-check.js";
import { columns } from "../rows/raw-rows.js";
import type { Reader } from "../rows/reader.js";

const REPORTS = columns({ pipeline_id: "text", context: "text", name: "text or null", updated_at: "integer" });

/** Every context reported on a release of an app that is in the pipeline, or on a build of one, with its last report. */
export async function availableChecks(
  reader: Reader,
  pipelineIds: readonly string[],
): Promise<(readonly AvailableCheck[])[]> {
  const mine = reader.dialect.oneOf(sql`c.pipeline_id`, pipelineIds);
  const rows = await reader.query(
    "available_checks",
    REPORTS,
    sql`SELECT c.pipeline_id, s.context, s.name, s.updated_at
        FROM couplings c JOIN releases r ON r.app_id = c.app_id JOIN release_statuses s ON s.release_id = r.id
        WHERE ${mine}
      UNION
      SELECT c.pipeline_id, s.context, s.name, s.updated_at
        FROM couplings c JOIN releases r ON r.app_id = c.app_id
        JOIN release_statuses s ON s.build_id = r.build_id AND s.release_id IS NULL
        WHERE ${mine}
      ORDER BY 1, 2, 4`,
  );
  const lists = new Map(pipelineIds.map((id) => [id, new Map<string, AvailableCheck>()]));
  for (const row of rows) {
    const checks = lists.get(row.pipeline_id);
    const { context } = row;
    const name = row.name ?? checks?.get(context)?.name ?? null;
    checks?.set(context, { context, name, lastReportedAt: new Date(row.updated_at) });
  }
  return pipelineIds.map((id) => [...(lists.get(id)?.values() ?? [])]);
}
