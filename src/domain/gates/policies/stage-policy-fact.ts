import type { Reader } from "../../../database/rows/reader.js";
import type { Stage } from "../../../entities/core/enums.js";
import { StagePolicy } from "../../../entities/gates/stage-policy.js";
import type { Pipeline } from "../../../entities/pipelines/pipeline.js";
import type { Fact } from "../gate.js";

/** The default policy of a stage. It requires only the config vars that a build or target needs. */
export function defaultPolicy(pipeline: Pick<Pipeline, "id" | "createdAt">, stage: Stage): StagePolicy {
  return Object.assign(new StagePolicy(), {
    pipelineId: pipeline.id,
    stage,
    soakTime: null,
    configParity: "REQUIRED",
    requireVerified: false,
    autoPromote: false,
    autoPromoteEvery: null,
    maxParallel: null,
    maxFailures: 0,
    pauseBetweenWaves: null,
    manualWaves: [],
    updatedAt: pipeline.createdAt,
  });
}

/** The policy of a stage. */
export async function findPolicy(reader: Reader, pipeline: Pipeline, stage: Stage): Promise<StagePolicy> {
  const policy = await reader.first(StagePolicy, { pipelineId: pipeline.id, stage });
  return policy ?? defaultPolicy(pipeline, stage);
}

/** The policy of the stage that a subject goes to. */
export const policyFact: Fact<StagePolicy> = {
  name: "stage policies",
  async load(reader, subjects) {
    const policies = await reader.find(StagePolicy, {
      pipelineId: [...new Set(subjects.map((one) => one.pipeline.id))],
    });
    return subjects.map(
      ({ pipeline, to }) =>
        policies.find((policy) => policy.pipelineId === pipeline.id && policy.stage === to) ??
        // Without a next stage, the defaults apply.
        defaultPolicy(pipeline, to ?? "PRODUCTION"),
    );
  },
};
