import { Stage } from "../../entities/core/enums.js";

/** The stages in the order in which a release moves through them. */
export const STAGES: readonly Stage[] = Object.values(Stage);

/** Where a promotion out of a stage goes: to the next one only, and nowhere out of production. */
export function nextStage(stage: Stage): Stage | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null;
}
