import type { Tx } from "../../database/rows/tx.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { append } from "../../events/append.js";
import { type EventDraft, promotionChanged } from "../../events/draft.js";
import { type Action, permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { requirePromotion } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { findPolicy } from "../gates/policies/stage-policy-fact.js";
import { lockPromotions } from "../promotions/waiting/lock-promotions.js";
import { settle } from "../promotions/waiting/settle.js";
import { parseWave } from "./app-settings.js";
import { findTargetStates, readProgress, type TargetState } from "./progress.js";

/*
 * Advances, pauses and resumes promotions with waiting targets. Each locks the promotion, and so do its admission and
 * its end.
 */

export interface AdvancePromotionInput {
  readonly promotion: string;
  /** The wave to begin; the next one if null or undefined. */
  readonly wave?: number | null;
}

export interface PausePromotionInput {
  readonly promotion: string;
}

/**
 * Lets a manual wave begin: immediately, if nothing else blocks it. Advancing a wave again, or one that has begun,
 * changes nothing.
 *
 * @throws Refusal CONFLICT if no target waits, an earlier wave has not ended, or the wave is not manual
 */
export async function advancePromotion(ctx: Ctx, input: AdvancePromotionInput): Promise<Promotion> {
  const given = input.wave == null ? null : parseWave("wave", input.wave);
  return change(ctx, "advancePromotion", input.promotion, async (tx, promotion, states) => {
    const { wave: next, hasBegun, underWay } = readProgress(states);
    const wave = given ?? next;
    if (wave === null || next === null || wave < next) return null;
    if (!states.some(({ target }) => target.wave === wave)) {
      throw badInput("wave", `wave must be a wave of the promotion; it has no target in wave ${wave}.`);
    }
    if (wave <= promotion.advancedWave || (wave === next && hasBegun)) return null;
    if (wave > next) throw conflict(`Wave ${wave} cannot begin yet: wave ${next} has not ended.`);
    const earlier = underWay.find(({ target }) => target.wave < wave);
    if (earlier !== undefined) {
      throw conflict(`Wave ${wave} cannot begin yet: a target of wave ${earlier.target.wave} is ${earlier.phase}.`);
    }
    const pipeline = (await tx.first(Pipeline, { id: promotion.pipelineId })) as Pipeline;
    const { manualWaves } = await findPolicy(tx, pipeline, promotion.to);
    if (!manualWaves.includes(wave)) {
      throw conflict(`Wave ${wave} begins by itself; only the waves in manualWaves of ${promotion.to} are advanced.`);
    }
    await tx.update(Promotion, { id: promotion.id }, { advancedWave: wave });
    return promotionChanged("PROMOTION_ADVANCED", promotion, toAppIds(states), wave);
  });
}

/**
 * Pauses a promotion: no target is admitted until it is resumed. Pausing it again changes nothing.
 *
 * @throws Refusal CONFLICT if no target waits
 */
export async function pausePromotion(ctx: Ctx, input: PausePromotionInput): Promise<Promotion> {
  return change(ctx, "pausePromotion", input.promotion, async (tx, promotion, states) => {
    if (promotion.paused) return null;
    await tx.update(Promotion, { id: promotion.id }, { paused: true });
    return promotionChanged("PROMOTION_PAUSED", promotion, toAppIds(states));
  });
}

/** Resumes a paused promotion. Changes nothing if it is not paused. */
export async function resumePromotion(ctx: Ctx, input: PausePromotionInput): Promise<Promotion> {
  return change(ctx, "resumePromotion", input.promotion, async (tx, promotion, states) => {
    if (!promotion.paused) return null;
    await tx.update(Promotion, { id: promotion.id }, { paused: false });
    return promotionChanged("PROMOTION_RESUMED", promotion, toAppIds(states));
  });
}

/** Makes a change and returns its event, or null if there is nothing to change. */
type Change = (tx: Tx, promotion: Promotion, states: readonly TargetState[]) => Promise<EventDraft | null>;

async function change(ctx: Ctx, action: Action, id: string, make: Change): Promise<Promotion> {
  permit(ctx.viewer, action);
  return ctx.db.write(async (tx) => {
    const found = await requirePromotion(tx, "promotion", id);
    await lockPromotions(tx, [found]);
    const promotion = await requirePromotion(tx, "promotion", found.id);
    if (promotion.wakeAt === null) {
      throw conflict(`No target of the promotion waits: it is ${promotion.phase}.`);
    }
    const event = await make(tx, promotion, await findTargetStates(tx, [promotion.id]));
    if (event === null) return promotion;
    await append(tx, ctx.viewer, ctx.now(), [event, ...(await settle(tx, ctx, promotion.id))]);
    return requirePromotion(tx, "promotion", promotion.id);
  });
}

function toAppIds(states: readonly TargetState[]): string[] {
  return states.map(({ target }) => target.appId);
}
