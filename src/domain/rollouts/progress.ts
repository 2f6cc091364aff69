import type { Reader } from "../../database/rows/reader.js";
import type { PromotionTargetPhase } from "../../entities/core/enums.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { isFinal } from "../releases/phases.js";

/*
 * The progress of a promotion through its waves. The gates decide when the next waiting targets are admitted, and
 * `takeBatch` decides which.
 */

/** A target, and its phase. */
export interface TargetState {
  readonly target: PromotionTarget;
  readonly phase: PromotionTargetPhase;
}

/** The progress of a promotion. */
export interface Progress {
  /** The wave of the next targets; null if no target waits. */
  readonly wave: number | null;
  /** Whether targets of that wave were admitted before. */
  readonly hasBegun: boolean;
  /** Whether targets of any wave were admitted before. */
  readonly hasStarted: boolean;
  /** The targets that were admitted and are not final. */
  readonly underWay: readonly TargetState[];
  /** How many targets failed, or were rolled back because their verification failed. */
  readonly failed: number;
}

/** Pure. */
export function readProgress(states: readonly TargetState[]): Progress {
  const waiting = states.filter(({ phase }) => phase === "WAITING");
  const wave = waiting.length === 0 ? null : Math.min(...waiting.map(({ target }) => target.wave));
  const admitted = states.filter(({ target }) => target.releaseId !== null);
  return {
    wave,
    hasBegun: admitted.some(({ target }) => target.wave === wave),
    hasStarted: admitted.length > 0,
    underWay: admitted.filter(({ phase }) => !isFinal(phase)),
    failed: states.filter(({ phase }) => phase === "FAILED" || phase === "ROLLED_BACK").length,
  };
}

/**
 * Splits waiting targets into those to admit next and the rest: the targets of the lowest wave, as many as
 * `maxParallel` allows. Pure.
 *
 * @param waiting in the order of their positions
 * @param underWay how many targets are in progress
 */
export function takeBatch<T extends { readonly target: PromotionTarget }>(
  waiting: readonly T[],
  { maxParallel }: { readonly maxParallel: number | null },
  underWay: number,
): { readonly batch: readonly T[]; readonly rest: readonly T[] } {
  const wave = Math.min(...waiting.map(({ target }) => target.wave));
  const most = maxParallel === null ? waiting.length : Math.max(0, maxParallel - underWay);
  const batch = waiting.filter(({ target }) => target.wave === wave).slice(0, most);
  return { batch, rest: waiting.filter((one) => !batch.includes(one)) };
}

/** The targets of promotions with their phases, in the order of their positions. */
export async function findTargetStates(reader: Reader, promotionIds: readonly string[]): Promise<TargetState[]> {
  if (promotionIds.length === 0) return [];
  return toStates(
    reader,
    await reader.find(PromotionTarget, { promotionId: [...promotionIds] }, { order: "position" }),
  );
}

/** Adds the phases to targets. */
export async function toStates(reader: Reader, targets: readonly PromotionTarget[]): Promise<TargetState[]> {
  const ids = targets.flatMap(({ ownPhase, releaseId }) => (ownPhase === null && releaseId !== null ? releaseId : []));
  const releases = ids.length === 0 ? [] : await reader.referenced.find(Release, { id: ids });
  const phases = new Map(releases.map(({ id, phase }) => [id, phase]));
  return targets.map((target) => {
    const phase = target.ownPhase ?? phases.get(target.releaseId ?? "");
    if (phase === undefined) throw new Error(`Target ${target.id} has neither a phase nor a release.`);
    return { target, phase };
  });
}
