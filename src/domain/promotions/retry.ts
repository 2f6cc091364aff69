import type { Tx } from "../../database/rows/tx.js";
import { App } from "../../entities/pipelines/app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { requirePromotion } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { readDuration } from "../core/values/duration.js";
import { transactionTime } from "../core/values/time.js";
import { NOT_FORCED } from "../gates/override.js";
import { carryOut } from "./carry-out.js";
import { evaluateUnderLocks } from "./promote.js";
import type { PromoteInput } from "./promote-input.js";
import { DEFAULT_EXPIRES_IN } from "./waiting/when-ready.js";

export interface RetryPromotionInput {
  readonly promotion: string;
  /** The apps to try again; all that failed or were cancelled if left out. */
  readonly targets?: readonly string[] | null;
  readonly whenReady?: boolean | null;
  readonly idempotencyKey?: string | null;
}

/**
 * Promotes the same release again to the failed or cancelled targets of a promotion. This is a new promotion, and all
 * gates are evaluated again.
 *
 * @throws Refusal PROMOTION_BLOCKED with every blocker; CONFLICT if there is nothing to try again
 */
export async function retryPromotion(ctx: Ctx, input: RetryPromotionInput): Promise<Promotion> {
  permit(ctx.viewer, "retryPromotion");
  return withIdempotency(ctx, "retryPromotion", input, Promotion, async (tx) => {
    const first = await requirePromotion(tx, "promotion", input.promotion);
    const again: PromoteInput = {
      app: first.sourceAppId,
      pipeline: first.pipelineId,
      stage: first.from,
      release: first.releaseId,
      targets: await findTargets(tx, first, input),
      // OFF compares less than the stage requires, so it applies only to the promotion that requested it.
      parity: first.configParity === "OFF" ? null : first.configParity,
    };
    const waits = input.whenReady === true;
    const plan = await evaluateUnderLocks(tx, await transactionTime(tx, ctx), again, waits ? ctx.viewer : null);
    const { promotion, events } = await carryOut(tx, ctx, plan, {
      ...NOT_FORCED,
      waits,
      notBefore: null,
      expiresIn: readDuration(DEFAULT_EXPIRES_IN),
      retryOf: first.id,
      parity: again.parity ?? null,
    });
    await append(tx, ctx.viewer, ctx.now(), events);
    return promotion;
  });
}

/** The ids of the apps to try again. */
async function findTargets(tx: Tx, first: Promotion, { targets }: RetryPromotionInput): Promise<string[]> {
  const all = await tx.find(PromotionTarget, { promotionId: first.id }, { order: "position" });
  const releases = await tx.find(Release, { id: all.flatMap(({ releaseId }) => releaseId ?? []) });
  const findPhase = ({ ownPhase, releaseId }: PromotionTarget) =>
    ownPhase ?? releases.find(({ id }) => id === releaseId)?.phase;
  const ended = all.filter((target) => ["FAILED", "CANCELLED"].includes(findPhase(target) ?? ""));
  const apps = await tx.find(App, { id: all.map(({ appId }) => appId) });
  if (targets == null) {
    const live = ended.filter(({ appId }) => apps.find(({ id }) => id === appId)?.deletedAt === null);
    if (live.length > 0) return live.map(({ appId }) => appId);
    throw conflict("The promotion has no target that failed or was cancelled, so there is nothing to try again.");
  }
  if (targets.length === 0) throw badInput("targets", "targets must name an app, or be left out for all that failed.");
  return targets.map((reference, index) => {
    const field = `targets.${index}`;
    const app = apps.find(({ id, name }) => id === reference.toLowerCase() || name === reference);
    const target = all.find(({ appId }) => appId === app?.id);
    if (app === undefined || target === undefined) {
      throw badInput(field, `${field} must be a target of the promotion; ${reference} is not.`);
    }
    const phase = findPhase(target);
    if (ended.includes(target)) return app.id;
    throw badInput(field, `${field} must have failed or been cancelled; ${app.name} is ${phase}.`);
  });
}
