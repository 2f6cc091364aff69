import sql from "sql-template-tag";
import type { Tx } from "../../database/rows/tx.js";
import { noActorColumns, toActorColumns } from "../../entities/core/actor-columns.js";
import type { ConfigParity } from "../../entities/core/enums.js";
import type { PromotionPlan } from "../../entities/releases/plan.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { type EventDraft, promotionChanged, promotionTargetChanged } from "../../events/draft.js";
import { checkCredential } from "../access/credentials.js";
import type { TxCtx } from "../core/context.js";
import { LIMITS } from "../core/input.js";
import { blocked, conflict, Refusal } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { nextPosition, nextPositions } from "../core/values/position.js";
import { transactionTime } from "../core/values/time.js";
import type { Override } from "../gates/override.js";
import { findPolicy } from "../gates/policies/stage-policy-fact.js";
import { takeBatch } from "../rollouts/progress.js";
import { toForced } from "./forced.js";
import { makeCopies, start } from "./start.js";
import { findWakeAt, settle } from "./waiting/settle.js";
import { supersedeWaiting } from "./waiting/supersede-waiting.js";

/** The options of a requested promotion. */
export interface PromotionOptions extends Override {
  /** Whether it waits if every blocker can be cleared without `force`. */
  readonly waits: boolean;
  readonly notBefore: Date | null;
  /** How long it may wait, in milliseconds. */
  readonly expiresIn: number;
  readonly retryOf?: string;
  /** How config vars are compared, as in PromoteInput. */
  readonly parity?: ConfigParity | null;
  /** Whether the service promotes by itself. @default false */
  readonly automatic?: boolean;
}

/**
 * Carries out a plan: starts the promotion, lets it wait, or refuses it. The caller holds the locks of the rows that
 * the plan depends on.
 *
 * @throws Refusal PROMOTION_BLOCKED with every blocker
 */
export async function carryOut(
  tx: Tx,
  ctx: TxCtx,
  plan: PromotionPlan,
  options: PromotionOptions,
): Promise<{ promotion: Promotion; events: EventDraft[] }> {
  const { source, release, build, to } = plan;
  const waits = options.waits && plan.wouldWait;
  if (plan.blockers.length > 0 && !waits) {
    throw blocked(`The promotion${source ? ` of ${source.name}` : ""}`, plan.blockers);
  }
  if (source === null || release === null || build === null || to === null) {
    throw new Error("A plan without blockers is incomplete.");
  }
  const now = ctx.now();
  const promotion = Object.assign(new Promotion(), {
    id: newId(),
    pipelineId: plan.pipeline.id,
    sourceAppId: source.id,
    releaseId: release.id,
    buildId: build.id,
    from: plan.from,
    to,
    phase: "WAITING",
    forced: options.forced,
    reason: options.reason,
    forcedPast: toForced(plan.forcedPast),
    notBefore: options.notBefore,
    configParity: options.parity ?? null,
    ...NOT_WAITING,
    loginExpiresAt: ctx.viewer.expiresAt ?? null,
    askedBy: ctx.viewer.tokenId,
    retryOf: options.retryOf ?? null,
    automatic: options.automatic === true,
    position: await nextPosition(tx, "promotions"),
    ...toActorColumns("createdBy", ctx.viewer),
    createdAt: now,
    updatedAt: now,
  } satisfies Omit<Promotion, "createdBy" | "endedBy" | "reviewedBy" | "updatedPosition">);
  const targets = plan.targets
    .map(({ app, checks, coupling: { wave } }) => {
      const target = Object.assign(new PromotionTarget(), {
        ...{ id: newId(), promotionId: promotion.id, appId: app.id, wave, checks, position: 0 },
        ...{ releaseId: null, ownPhase: "WAITING" as const, previousReleaseId: null },
      });
      return { app, target, checks };
    })
    .sort((a, b) => a.target.wave - b.target.wave);
  const { batch, rest } = takeBatch(targets, targets.length > 1 ? await findPolicy(tx, plan.pipeline, to) : ALL, 0);
  // If all targets start at once, they get the positions of their releases.
  const positions = waits || rest.length > 0 ? await nextPositions(tx, "releases", targets.length) : [];
  for (const [index, { target }] of targets.entries()) target.position = positions[index] ?? 0;
  if (!waits) {
    const admitted = { promotion, isNew: true, targets: batch, rest: rest.map(({ target }) => target), others: [] };
    const events = await start(tx, ctx, admitted, makeCopies(build, source, admitted));
    if (rest.length > 0) events.push(...(await settle(tx, ctx, promotion.id)));
    return {
      promotion: (rest.length > 0 ? await tx.first(Promotion, { id: promotion.id }) : null) ?? promotion,
      events,
    };
  }
  await setWaiting(tx, ctx, plan, promotion, options);
  const appIds = targets.map(({ app }) => app.id);
  const events = await supersedeWaiting(tx, ctx, promotion, appIds);
  await refuseTooMany(tx, plan);
  await tx.insert(Promotion, [promotion]);
  await tx.insert(
    PromotionTarget,
    targets.map(({ target }) => target),
  );
  return {
    promotion,
    events: [
      ...events,
      promotionChanged("PROMOTION_WAITING", promotion, appIds),
      ...targets.map(({ target }) => promotionTargetChanged(promotion, target, "WAITING")),
    ],
  };
}

/** A single target starts without limits, so its policy is not read. */
const ALL = { maxParallel: null };

/** The fields of a promotion that has not waited, ended early or bypassed gates. */
export const NOT_WAITING = {
  expiresAt: null,
  wakeAt: null,
  loginExpiresAt: null,
  undoes: null,
  supersededBy: null,
  ...noActorColumns("endedBy"),
  endReason: null,
  ...{ paused: false, advancedWave: 0, waveEndedAt: null, automatic: false, startedAt: null },
  needsReview: false,
  reviewedAt: null,
  ...noActorColumns("reviewedBy"),
  reviewComment: null,
} satisfies Partial<Promotion>;

/**
 * Sets how long a promotion may wait, and when to evaluate it again.
 *
 * @throws Refusal UNAUTHENTICATED if the credential has ended since the request began
 */
async function setWaiting(
  tx: Tx,
  ctx: TxCtx,
  plan: PromotionPlan,
  promotion: Promotion,
  { notBefore, expiresIn }: PromotionOptions,
): Promise<void> {
  const now = await transactionTime(tx, ctx);
  const from = notBefore !== null && notBefore > now ? notBefore : now;
  promotion.expiresAt = new Date(from.getTime() + expiresIn);
  const credential = await checkCredential(tx, promotion, now);
  if (credential.problem !== null) throw new Refusal("UNAUTHENTICATED", credential.problem);
  promotion.wakeAt = findWakeAt(promotion, plan.blockers, credential, now);
}

/** @throws Refusal CONFLICT if the maximum number of promotions already waits in the pipeline */
async function refuseTooMany(tx: Tx, { pipeline }: PromotionPlan): Promise<void> {
  const most = LIMITS.waitingPromotions;
  if ((await tx.countWhere(Promotion, sql`e.wake_at IS NOT NULL AND e.pipeline_id = ${pipeline.id}`)) < most) return;
  throw conflict(
    `The maximum of ${most} promotions already wait in ${pipeline.name}. Cancel one, or promote without whenReady.`,
  );
}
