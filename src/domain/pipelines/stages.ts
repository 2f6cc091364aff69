import { Stage } from "../../entities/core/enums.js";

/** The stages in the order in which a release moves through them. */
export const STAGES: readonly Stage[] = Object.values(Stage);

/** The target stage of a promotion: the next one; null after production. */
export function nextStage(stage: Stage): Stage | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null;
}
