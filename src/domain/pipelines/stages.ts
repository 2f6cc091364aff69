import { Stage } from "../../entities/core/enums.js";

/** The stages in the order in which a release moves through them. */
export const STAGES: readonly Stage[] = Object.values(Stage);

/** The target stage of a promotion: the next one; null after production. */
export function nextStage(stage: Stage): Stage | null {
  return STAGES[STAGES.indexOf(stage) + 1] ?? null;
}

/** Whether builds are deployed automatically to apps of a stage: there, a rollback puts automatic deploys on hold. */
export function isAutoDeployStage(stage: Stage): boolean {
  return stage === "DEVELOPMENT" || stage === "REVIEW";
}
