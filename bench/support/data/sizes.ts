import type { Stage } from "../../../src/entities/core/enums.js";

/** The apps of each pipeline, by stage. */
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

/** Additional pipelines for promotions: one app in STAGING and this many in PRODUCTION. */
export const TARGET_COUNTS = [1, 12] as const;
export const PIPELINES_PER_TARGET_COUNT = 10;

export const pipelineName = (index: number) => `pipeline-${index}`;
export const sourceName = (targets: number, index: number) => `to-${targets}-${index}-source`;
