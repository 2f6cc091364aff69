import type { PromotionTargetPhase, Stage } from "../../entities/core/enums.js";
import type { StagePolicy } from "../../entities/gates/stage-policy.js";
import type { Blocker } from "../../entities/releases/plan.js";
import { createBlocker } from "../gates/blocker.js";
import { defineGate, type Fact, InvalidFact, type Subject } from "../gates/gate.js";
import { policyFact } from "../gates/policies/stage-policy-fact.js";
import { type Progress, readProgress, toStates } from "./progress.js";

/*
 * The gate of waves. It is evaluated together with the other gates, so that the blockers of the next targets explain
 * completely why a rollout does not continue. `force` does not bypass it.
 */

/** The progress of each subject's promotion. */
const progressFact: Fact<Progress> = {
  name: "waves",
  async load(reader, subjects) {
    const targets = subjects.flatMap(({ promotion, promotionTargets = [] }) =>
      promotion?.phase === "IN_PROGRESS" ? promotionTargets : [],
    );
    const states = await toStates(reader, targets);
    return subjects.map((subject) => {
      const { promotion } = subject;
      if (promotion?.phase !== "IN_PROGRESS") return { ...NOT_STARTED, wave: findFirstWave(subject) };
      return readProgress(states.filter(({ target }) => target.promotionId === promotion.id));
    });
  },
};

const NOT_STARTED: Progress = { wave: null, hasBegun: false, hasStarted: false, underWay: [], failed: 0 };

/** The first wave of a promotion that has not started, or does not exist yet. */
function findFirstWave({ targets, promotionTargets = [] }: Subject): number | null {
  const waiting = promotionTargets.filter(({ ownPhase }) => ownPhase === "WAITING");
  const waves = waiting.length > 0 ? waiting.map(({ wave }) => wave) : targets.map(({ coupling }) => coupling.wave);
  return waves.length === 0 ? null : Math.min(...waves);
}

/**
 * Blocks the next targets of a promotion while it is paused, until the wave before has ended and the pause after it is
 * over, until a person advances a manual wave, and while `maxParallel` targets are in progress.
 */
export const waveGate = defineGate({
  name: "waves",
  facts: { policy: policyFact, progress: progressFact },
  evaluate(now, { way, to, targets, promotion }, { policy, progress }) {
    if (way !== "PROMOTION" || to === null || targets.length === 0) return [];
    const { wave, hasBegun, hasStarted, underWay } = progress;
    if (wave === null) throw new InvalidFact("the wave of its targets is unknown");
    const { maxParallel, pauseBetweenWaves, manualWaves } = policy;
    if (!isEvaluable(policy)) throw new InvalidFact(`the policy of ${to} is invalid`);
    const blockers: Blocker[] = [];
    if (promotion?.paused === true) blockers.push(paused());
    const earlier = underWay.filter(({ target }) => target.wave < wave);
    if (earlier.length > 0) {
      blockers.push(waveBefore(wave, Math.max(...earlier.map(({ target }) => target.wave)), earlier.map(toPhase)));
      return blockers;
    }
    if (hasBegun) {
      if (maxParallel !== null && underWay.length >= maxParallel)
        blockers.push(parallelLimit(to, maxParallel, underWay.map(toPhase)));
      return blockers;
    }
    if (manualWaves.includes(wave) && (promotion?.advancedWave ?? 0) < wave) blockers.push(manualWave(wave, to));
    if (hasStarted && pauseBetweenWaves !== null) {
      const endsAt = new Date((promotion?.waveEndedAt ?? now).getTime() + pauseBetweenWaves);
      if (endsAt > now) blockers.push(pause(wave, endsAt));
    }
    return blockers;
  },
});

/** Whether the fields of a stored policy that waves depend on can be evaluated. If not, the gate blocks. */
function isEvaluable({ maxParallel, maxFailures, pauseBetweenWaves, manualWaves }: StagePolicy): boolean {
  return (
    (maxParallel === null || maxParallel >= 1) &&
    maxFailures >= 0 &&
    (pauseBetweenWaves === null || pauseBetweenWaves >= 0) &&
    Array.isArray(manualWaves) &&
    manualWaves.every((wave) => Number.isInteger(wave))
  );
}

function toPhase({ phase }: { readonly phase: PromotionTargetPhase }): PromotionTargetPhase {
  return phase;
}

function paused(): Blocker {
  const message = "The promotion is paused: no further target is admitted until resumePromotion.";
  return createBlocker({ code: "PAUSED", message, remedies: ["RESUME"] });
}

/**
 * A wave waits for an earlier one.
 *
 * @param phases those of the earlier wave's targets in progress; empty if that wave waits too
 */
export function waveBefore(wave: number, before: number, phases: readonly PromotionTargetPhase[]): Blocker {
  const state = phases.length === 0 ? `wave ${before} has not begun` : describe(phases);
  const message = `Wave ${wave} begins when wave ${before} has ended; ${state}.`;
  return createBlocker({
    code: "WAVE_NOT_ENDED",
    message,
    remedies: phases.length === 0 ? ["WAIT"] : findRemedies(phases),
  });
}

function parallelLimit(to: Stage, most: number, phases: readonly PromotionTargetPhase[]): Blocker {
  const message = `At most ${most} ${most === 1 ? "target is" : "targets are"} under way at once in ${to}; ${describe(phases)}.`;
  return createBlocker({ code: "PARALLEL_LIMIT", message, remedies: findRemedies(phases) });
}

function manualWave(wave: number, to: Stage): Blocker {
  const message = `Wave ${wave} of ${to} begins only by advancePromotion.`;
  return createBlocker({ code: "MANUAL_WAVE", message, remedies: ["ADVANCE"] });
}

function pause(wave: number, clearsAt: Date): Blocker {
  const message = `Wave ${wave} begins after the pause between waves, at ${clearsAt.toISOString()}.`;
  return createBlocker({ code: "WAVE_PAUSE", message, remedies: ["WAIT"], clearsAt });
}

/** What ends targets in progress: a report of the deployment, or of the verification. */
function findRemedies(phases: readonly PromotionTargetPhase[]): ("DEPLOY" | "REPORT_STATUS")[] {
  const deploys = phases.some((phase) => phase !== "VERIFYING");
  return [
    ...(deploys ? (["DEPLOY"] as const) : []),
    ...(phases.includes("VERIFYING") ? (["REPORT_STATUS"] as const) : []),
  ];
}

/** `1 target is QUEUED, 2 are DEPLOYING`. */
function describe(phases: readonly PromotionTargetPhase[]): string {
  const parts = [...new Set(phases)].map((phase) => {
    const count = phases.filter((one) => one === phase).length;
    return { phase, count };
  });
  return parts
    .map(({ phase, count }, index) => {
      const noun = index > 0 ? "" : count === 1 ? " target" : " targets";
      return `${count}${noun} ${count === 1 ? "is" : "are"} ${phase}`;
    })
    .join(", ");
}
