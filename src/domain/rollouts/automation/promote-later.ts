import sql, { raw, type Sql } from "sql-template-tag";
import type { Tx } from "../../../database/rows/tx.js";

/*
 * Marks automatic promotions as due. A change does this in its transaction, so a restart loses none. `promote-from.ts`
 * decides about them, in the same transaction or soon after.
 */

/** The stage that promotions from the stage of `c` go to. */
export const NEXT_STAGE = raw(
  "CASE c.stage WHEN 'REVIEW' THEN 'DEVELOPMENT' WHEN 'DEVELOPMENT' THEN 'STAGING' WHEN 'STAGING' THEN 'PRODUCTION' END",
);

/**
 * Makes automatic promotions from these apps, or from all apps of a pipeline, due: `promote-due.ts` then decides about
 * them. Writes nothing unless the policy of the next stage has `autoPromote`.
 */
export async function promoteLater(
  tx: Tx,
  from: { readonly appIds: readonly string[] } | { readonly pipelineId: string },
): Promise<void> {
  if ("appIds" in from && from.appIds.length === 0) return;
  const mine: Sql =
    "appIds" in from ? tx.dialect.oneOf(sql`c.app_id`, from.appIds) : sql`c.pipeline_id = ${from.pipelineId}`;
  await tx.execute(
    "promote_later",
    sql`UPDATE couplings SET promote_due = COALESCE(promote_due, 0) + 1 WHERE id IN (
      SELECT c.id FROM couplings c
      JOIN stage_policies p ON p.pipeline_id = c.pipeline_id AND p.stage = ${NEXT_STAGE} AND p.auto_promote = ${true}
      WHERE ${mine})`,
  );
}
