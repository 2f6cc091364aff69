import type { Stage } from "../../src/entities/core/enums.js";

/** The shape of every database that is measured: so many pipelines, each with the apps of these stages. */
export const APP_STAGES: readonly Stage[] = [
  "DEVELOPMENT",
  "DEVELOPMENT",
  "STAGING",
  "STAGING",
  "PRODUCTION",
  "PRODUCTION",
  "PRODUCTION",
  "PRODUCTION",
];
export const RELEASES_PER_APP = 10;

/** Besides them: pipelines with one app in STAGING and so many in PRODUCTION, for promotions to go to. */
export const TARGET_COUNTS = [1, 12] as const;
export const PIPELINES_PER_TARGET_COUNT = 10;

export const pipelineName = (index: number) => `pipeline-${index}`;
export const sourceName = (targets: number, index: number) => `to-${targets}-${index}-source`;
