import sql from "sql-template-tag";
import { StaleRead } from "../../../database/database.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { StagePolicy } from "../../../entities/gates/stage-policy.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { append } from "../../../events/append.js";
import type { Ctx } from "../../core/context.js";
import { readDuration } from "../../core/duration.js";
import { transactionTime } from "../../core/time.js";
import { NOT_FORCED } from "../../gates/override.js";
import { nextStage } from "../../pipelines/stages.js";
import { carryOut } from "../../promotions/carry-out.js";
import { evaluateUnderLocks } from "../../promotions/promote.js";
import { findEligible } from "./eligible.js";

/** How long an automatic promotion waits for its gates. */
const EXPIRES_IN = "30d";

/**
 * Decides the automatic promotions that are due: each in a transaction, as the service. What the gates do not let through yet
 * waits for them, like any other promotion. A newer one replaces it.
 */
export async function promoteDue(ctx: Ctx): Promise<void> {
  const due = await ctx.db.reader.select(
    "due_automatic_promotions",
    Coupling,
    sql`WHERE e.promote_due IS NOT NULL ORDER BY e.position`,
  );
  for (const { appId } of due) await ctx.db.write((tx) => promoteFrom(tx, ctx, appId));
}

async function promoteFrom(tx: Tx, ctx: Ctx, appId: string): Promise<void> {
  const source = await tx.first(Coupling, { appId });
  const to = source === null ? null : nextStage(source.stage);
  if (source === null || source.promoteDue === null) return;
  const policy = to === null ? null : await tx.first(StagePolicy, { pipelineId: source.pipelineId, stage: to });
  const targets = policy?.autoPromote === true && to !== null ? await findEligible(tx, source, to) : [];
  if (targets.length > 0) {
    const now = await transactionTime(tx, ctx);
    const notBefore = policy === null ? null : await findEarliest(tx, policy, now);
    const input = { app: appId, targets, whenReady: true, ...(notBefore !== null && { notBefore }) };
    const plan = await evaluateUnderLocks(tx, now, input, ctx.viewer);
    const again = to === null ? [] : await findEligible(tx, source, to);
    if (again.join() !== targets.join()) throw new StaleRead("What can be promoted has changed.");
    if (plan.promotable || plan.wouldWait) {
      const asked = { ...NOT_FORCED, waits: true, notBefore, expiresIn: readDuration(EXPIRES_IN), automatic: true };
      const { events } = await carryOut(tx, ctx, plan, asked);
      await append(tx, ctx.viewer, ctx.now(), events);
    }
  }
  // A fact that has changed meanwhile is decided by the next run.
  await tx.update(Coupling, { appId, promoteDue: source.promoteDue }, { promoteDue: null });
}

/** The earliest time of the next automatic promotion into a stage; null if that is now. */
async function findEarliest(reader: Reader, policy: StagePolicy, now: Date): Promise<Date | null> {
  const { pipelineId, stage, autoPromoteEvery } = policy;
  if (autoPromoteEvery === null) return null;
  const [last] = await reader.select(
    "last_automatic_promotion",
    Promotion,
    sql`WHERE e.automatic AND e.pipeline_id = ${pipelineId} AND e.to_stage = ${stage} AND e.started_at IS NOT NULL
      ORDER BY e.position DESC LIMIT 1`,
  );
  if (last?.startedAt == null) return null;
  const earliest = new Date(last.startedAt.getTime() + autoPromoteEvery);
  return earliest > now ? earliest : null;
}
