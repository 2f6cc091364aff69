import sql from "sql-template-tag";
import { StaleRead } from "../../../database/database.js";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { StagePolicy } from "../../../entities/gates/stage-policy.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { Pipeline } from "../../../entities/pipelines/pipeline.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import type { EventDraft } from "../../../events/draft.js";
import { asSystem, SYSTEM_VIEWER, type TxCtx } from "../../core/context.js";
import { lockApps } from "../../core/locks.js";
import { Refusal } from "../../core/refusal.js";
import { readDuration } from "../../core/values/duration.js";
import { transactionTime } from "../../core/values/time.js";
import { NOT_FORCED } from "../../gates/override.js";
import { nextStage } from "../../pipelines/stages.js";
import { carryOut } from "../../promotions/carry-out.js";
import { evaluateUnderLocks, lockWaitingIn } from "../../promotions/promote.js";
import { findEligible } from "./eligible.js";
import { NEXT_STAGE } from "./promote-later.js";

/*
 * The automatic promotion from an app. Changes that may make it ready mark it as due with `promoteLater`. A change of a
 * single app (a report of its deployment, or a direct release) locks the rows that the promotion depends on, and
 * decides it in the same transaction. Other changes (a started promotion, an automatic deploy, the end of a rollout)
 * already hold locks that come after those of the targets in the lock order. The periodic job decides about these.
 */

/** How long an automatic promotion waits for its gates. */
const EXPIRES_IN = "30d";

const TARGETS = columns({ pipeline_id: "text", app_id: "text" });

/**
 * Locks an app and what automatic promotions from it depend on, before the caller locks the app.
 *
 * @returns whether `promoteAtOnce` may be called in this transaction
 */
export async function lockAutomatic(tx: Tx, appId: string): Promise<boolean> {
  if (!tx.dialect.concurrent) return true;
  const targets = await tx.query(
    "automatic_targets",
    TARGETS,
    sql`SELECT t.pipeline_id, t.app_id FROM couplings c
      JOIN stage_policies p ON p.pipeline_id = c.pipeline_id AND p.stage = ${NEXT_STAGE} AND p.auto_promote = ${true}
      JOIN couplings t ON t.pipeline_id = p.pipeline_id AND t.stage = p.stage
      WHERE c.app_id = ${appId}`,
  );
  const [first] = targets;
  if (first === undefined) return false;
  await lockWaitingIn(tx, first.pipeline_id);
  await tx.lock(Pipeline, [first.pipeline_id], "share");
  await lockApps(tx, [appId]);
  await lockApps(
    tx,
    targets.map((target) => target.app_id),
  );
  return true;
}

/**
 * Decides the automatic promotion from an app, if it is due, as the service. If gates block it, it waits for them like
 * any other promotion, until a newer one replaces it.
 *
 * @returns the events, by the service
 * @throws Refusal if it cannot be created, for example because too many wait. It stays due.
 */
export async function promoteFrom(tx: Tx, ctx: TxCtx, appId: string): Promise<EventDraft[]> {
  const source = await tx.first(Coupling, { appId });
  if (source === null || source.promoteDue === null) return [];
  const events = await decide(tx, asSystem(ctx), source);
  return events.map((event) => ({ ...event, actor: event.actor ?? SYSTEM_VIEWER }));
}

/**
 * As `promoteFrom`, in the transaction that made it due. A refusal must not fail that transaction; the periodic job
 * tries again.
 */
export async function promoteAtOnce(tx: Tx, ctx: TxCtx, appId: string): Promise<EventDraft[]> {
  try {
    return await tx.savepoint((inner) => promoteFrom(inner, ctx, appId));
  } catch (error) {
    if (error instanceof Refusal) return [];
    throw error;
  }
}

async function decide(tx: Tx, ctx: TxCtx, source: Coupling): Promise<EventDraft[]> {
  const { appId, pipelineId } = source;
  const to = nextStage(source.stage);
  const policy = to === null ? null : await tx.first(StagePolicy, { pipelineId, stage: to });
  const events =
    policy?.autoPromote === true && to !== null
      ? await promote(tx, ctx, policy, () => findEligible(tx, source, to), appId)
      : [];
  // If another change has made it due again meanwhile, it stays due.
  await tx.update(Coupling, { appId, promoteDue: source.promoteDue }, { promoteDue: null });
  return events;
}

async function promote(
  tx: Tx,
  ctx: TxCtx,
  policy: StagePolicy,
  findTargets: () => Promise<string[]>,
  app: string,
): Promise<EventDraft[]> {
  const targets = await findTargets();
  if (targets.length === 0) return [];
  const now = await transactionTime(tx, ctx);
  const notBefore = await findEarliest(tx, policy, now);
  const input = { app, targets, whenReady: true, ...(notBefore !== null && { notBefore }) };
  const plan = await evaluateUnderLocks(tx, now, input, ctx.viewer);
  if ((await findTargets()).join() !== targets.join()) throw new StaleRead("What can be promoted has changed.");
  if (!plan.promotable && !plan.wouldWait) return [];
  const options = { ...NOT_FORCED, waits: true, notBefore, expiresIn: readDuration(EXPIRES_IN), automatic: true };
  return (await carryOut(tx, ctx, plan, options)).events;
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
