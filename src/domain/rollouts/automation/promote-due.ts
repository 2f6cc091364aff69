import sql from "sql-template-tag";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { append } from "../../../events/append.js";
import type { Ctx } from "../../core/context.js";
import { promoteFrom } from "./promote-from.js";

/**
 * Decides the due automatic promotions that were not decided in the transaction that made them due. Each in a separate
 * transaction, as the service.
 */
export async function promoteDue(ctx: Ctx): Promise<void> {
  const due = await ctx.db.reader.select(
    "due_automatic_promotions",
    Coupling,
    sql`WHERE e.promote_due IS NOT NULL ORDER BY e.position`,
  );
  const failures: unknown[] = [];
  for (const { appId } of due) {
    await ctx.db
      .write(async (tx) => append(tx, ctx.viewer, ctx.now(), await promoteFrom(tx, ctx, appId)))
      // It stays due, and must not delay the next ones.
      .catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} automatic promotions could not be decided.`);
}
