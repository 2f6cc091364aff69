import type { Stage } from "../../src/entities/core/enums.js";

/** The shape of every database that is measured: so many pipelines, each with the apps of these stages. */
export const STAGES_OF_APPS: readonly Stage[] = [
  "DEVELOPMENT",
  "DEVELOPMENT",
  "STAGING",
  "STAGING",
  "PRODUCTION",
  "PRODUCTION",
  "PRODUCTION",
  "PRODUCTION",
];
export const RELEASES_OF_AN_APP = 10;

/** Besides them: pipelines with one app in STAGING and so many in PRODUCTION, for promotions to go to. */
export const TARGETS = [1, 12] as const;
export const PIPELINES_OF_TARGETS = 10;

export const pipelineName = (index: number) => `pipeline-${index}`;
export const sourceName = (targets: number, index: number) => `to-${targets}-${index}-source`;
