import type { Reader } from "../../database/rows/reader.js";
import type { PromotionTargetPhase } from "../../entities/core/enums.js";
import { type Blocker, latestEnd } from "../../entities/releases/plan.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import { PromotionWave } from "../../entities/releases/promotion-wave.js";
import { explainWaiting } from "../promotions/waiting/explain-waiting.js";
import { findTargetStates, type TargetState } from "./progress.js";
import { waveBefore } from "./wave-gate.js";

/**
 * The waves of promotions, and what blocks each. The gates block the next wave; a later wave waits for the wave before
 * it. The number of statements does not depend on the number of promotions.
 */
export async function explainWaves(
  reader: Reader,
  promotions: readonly Promotion[],
  now: Date,
): Promise<PromotionWave[][]> {
  const ids = promotions.map(({ id }) => id);
  const states = await findTargetStates(reader, ids);
  const blockers = await explainWaiting(reader, promotions, now);
  return promotions.map(({ id }, index) => {
    const own = states.filter(({ target }) => target.promotionId === id);
    return toWaves(own, blockers[index] ?? []);
  });
}

/** Pure. */
function toWaves(states: readonly TargetState[], blockers: readonly Blocker[]): PromotionWave[] {
  const numbers = [...new Set(states.map(({ target }) => target.wave))].sort((a, b) => a - b);
  let waitsFor: number | null = null;
  return numbers.map((number) => {
    const own = states.filter(({ target }) => target.wave === number);
    const waits = own.some(({ phase }) => phase === "WAITING");
    const mine = !waits ? [] : waitsFor === null ? [...blockers] : [waveBefore(number, waitsFor, [])];
    if (waits) waitsFor = number;
    return Object.assign(new PromotionWave(), {
      number,
      phase: toPhase(own.map(({ phase }) => phase)),
      targets: own.map(({ target }) => target),
      startsAt: mine.length === 0 ? null : latestEnd(mine),
      blockers: mine,
    });
  });
}

/**
 * The phases of a wave: while targets are in progress, and after all have ended. The first phase that a target has
 * counts.
 */
const UNDER_WAY: readonly PromotionTargetPhase[] = ["DEPLOYING", "QUEUED", "VERIFYING"];
const ENDED: readonly PromotionTargetPhase[] = ["FAILED", "ROLLED_BACK", "CANCELLED", "SUPERSEDED"];

function toPhase(phases: readonly PromotionTargetPhase[]): PromotionTargetPhase {
  const underWay = UNDER_WAY.find((phase) => phases.includes(phase));
  if (underWay !== undefined) return underWay;
  // Between two batches of a wave.
  if (phases.includes("WAITING")) return phases.every((phase) => phase === "WAITING") ? "WAITING" : "DEPLOYING";
  return ENDED.find((phase) => phases.includes(phase)) ?? "SUCCEEDED";
}
