import type { PromotionPhase, PromotionTargetPhase } from "../../entities/core/enums.js";

const FINAL: readonly PromotionTargetPhase[] = ["SUCCEEDED", "FAILED", "SUPERSEDED", "CANCELLED", "ROLLED_BACK"];

export function isFinal(phase: PromotionTargetPhase): boolean {
  return FINAL.includes(phase);
}

/**
 * The phase of a promotion that has started, computed from those of its targets: IN_PROGRESS until all are final.
 * SUPERSEDED and ROLLED_BACK count as not succeeded. It is CANCELLED if targets were cancelled, and none succeeded or
 * failed.
 */
export function promotionPhase(targets: readonly PromotionTargetPhase[]): PromotionPhase {
  if (!targets.every(isFinal)) return "IN_PROGRESS";
  const succeeded = targets.filter((phase) => phase === "SUCCEEDED").length;
  if (succeeded === targets.length) return "SUCCEEDED";
  if (succeeded > 0) return "PARTIALLY_SUCCEEDED";
  const failed = targets.includes("FAILED") || targets.includes("ROLLED_BACK");
  return targets.includes("CANCELLED") && !failed ? "CANCELLED" : "FAILED";
}
