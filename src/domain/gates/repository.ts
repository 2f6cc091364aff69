import type { Build } from "../../entities/builds/build.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Blocker } from "../../entities/releases/plan.js";

/**
 * The blocker of a build that is not of the pipeline's repository and component. A pipeline without a repository takes
 * any build.
 *
 * @param app the target; null if the blocker affects the whole promotion
 */
export function repositoryBlockers(pipeline: Pipeline, build: Build, app: App | null): Blocker[] {
  if (pipeline.repository === null) return [];
  if (pipeline.repository === build.repository && pipeline.component === build.component) return [];
  const message = `${pipeline.name} is for builds of ${describe(pipeline)}; this build is of ${describe(build)}.`;
  return [{ code: "REPOSITORY_MISMATCH", message, app, context: null, overridable: true }];
}

/** `github.com/acme/shop`, or with a component `github.com/acme/shop (component api)`. */
function describe({ repository, component }: Pick<Pipeline, "repository" | "component">): string {
  return component === null ? `${repository}` : `${repository} (component ${component})`;
}
