import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import { createBlocker } from "./blocker.js";
import { defineGate } from "./gate.js";

/**
 * Blocks builds of other repositories or components than the pipeline's. A pipeline without a repository accepts every
 * build.
 */
export const repositoryGate = defineGate({
  name: "repositories",
  facts: {},
  evaluate(_now, { way, pipeline, build, targets }) {
    if (pipeline.repository === null) return [];
    if (pipeline.repository === build.repository && pipeline.component === build.component) return [];
    const message = `${pipeline.name} is for builds of ${describe(pipeline)}; this build is of ${describe(build)}.`;
    const app = way === "PROMOTION" ? null : (targets[0]?.app ?? null);
    return [createBlocker({ code: "REPOSITORY_MISMATCH", message, app, remedies: ["FORCE"] })];
  },
});

/** `github.com/acme/shop`, or with a component `github.com/acme/shop (component api)`. */
function describe({ repository, component }: Pick<Pipeline, "repository" | "component">): string {
  return component === null ? `${repository}` : `${repository} (component ${component})`;
}
