import type { Command } from "commander";
import type { Api } from "../../api/client.js";
import { type CouplingFragment, UpdateChecksDocument, UpdatePipelineDocument } from "../../api/generated.js";
import { findCoupling } from "../../api/references.js";
import {
  appOption,
  CHECKS_NOTE,
  type CommandResult,
  checksOption,
  define,
  option,
  requireName,
} from "../../command.js";
import { wrongUsage } from "../../exit.js";
import { appLabel } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";
import { describePipeline } from "./pipelines.js";

interface PipelineOptions {
  readonly name?: string;
  readonly description?: string;
  readonly repository?: string | false;
  readonly component?: string | false;
  readonly branch?: string;
  readonly reviewApps?: boolean;
}

interface CheckOptions extends ConfirmOptions {
  readonly app?: string;
  readonly checks?: string[];
}

/** Adds `pipelines:update`, which updates a pipeline, or the required checks of a coupling. */
export function addPipelinesUpdate(program: Command): void {
  define<PipelineOptions & CheckOptions>(
    program,
    {
      usage: "pipelines:update [pipeline-or-coupling]",
      about: "Update a pipeline, or set the required status checks of an app",
      examples: [
        "pipelines:update shop --repository acme/shop --branch main --review-apps",
        "pipelines:update 08f4d458-a492-44c0-9a78-667d8b24644d -c my/status-check",
        "pipelines:update -a myapp-space-prod -c ci/build,qa/smoke",
        "pipelines:update -a myapp-space-prod --yes   # removes all checks; requires the ADMIN role",
      ],
      notes: [
        "With --name, --description, --repository, --component, --branch or --review-apps, updates a pipeline. Otherwise sets\n" +
          "the required checks of a coupling, specified by its id (shown by pipelines:info) or its app; without -c, removes all of them.",
        CHECKS_NOTE,
      ],
      options: [
        appOption(),
        checksOption(),
        option("--name <name>", "new name of the pipeline"),
        option("-d, --description <text>", "description of the pipeline"),
        option("-r, --repository <repository>", "the repository, for example github.com/acme/shop"),
        option("--no-repository", "remove the repository"),
        option("--component <name>", "the part of a monorepo that it deploys"),
        option("--no-component", "deploy builds of the whole repository"),
        option("-b, --branch <branch>", "the branch whose builds are deployed automatically"),
        option("--review-apps", "create a review app for each pull request"),
        option("--no-review-apps", "do not create review apps"),
        yesOption(),
      ],
    },
    async ({ api, args: [reference], options }) =>
      updatesPipeline(options) ? updatePipeline(api, reference, options) : updateChecks(api, reference, options),
  );
}

function updatesPipeline({ name, description, repository, component, branch, reviewApps }: PipelineOptions): boolean {
  return [name, description, repository, component, branch, reviewApps].some((value) => value !== undefined);
}

async function updatePipeline(
  api: Api,
  pipeline: string | undefined,
  { name, description, repository, component, branch, reviewApps, app, checks }: PipelineOptions & CheckOptions,
): Promise<CommandResult> {
  if (app !== undefined || checks !== undefined) {
    throw wrongUsage("Update either a pipeline or the checks of an app (-a, -c), not both.");
  }
  if (pipeline === undefined) throw wrongUsage("Specify the pipeline as an argument.");
  const input = {
    pipeline,
    name,
    description,
    repository: repository === false ? null : repository,
    component: component === false ? null : component,
    branch,
    reviewAppsEnabled: reviewApps,
  };
  const updated = (await api.run(UpdatePipelineDocument, { input })).updatePipeline.pipeline;
  return { document: updated, text: (screen) => describePipeline(screen, updated) };
}

async function updateChecks(api: Api, reference: string | undefined, options: CheckOptions): Promise<CommandResult> {
  const before = await findCoupling(api, requireName("coupling", reference, options.app));
  const requiredChecks = options.checks ?? [];
  if (options.checks === undefined && before.requiredChecks.length > 0) {
    await confirm(options, `Remove all required checks of ${before.app.name}: ${before.requiredChecks.join(", ")}?`);
  }
  const { coupling } = (await api.run(UpdateChecksDocument, { input: { coupling: before.id, requiredChecks } }))
    .updateChecks;
  return { document: coupling, text: (screen) => screen.line(describeCheckChange(screen, before, coupling)) };
}

function describeCheckChange(screen: Screen, before: CouplingFragment, after: CouplingFragment): string {
  const app = appLabel(after.app, screen.paint);
  const removed = before.requiredChecks.filter((one) => !after.requiredChecks.includes(one));
  if (after.requiredChecks.length === 0) {
    if (removed.length === 0) return `${app} has no required status checks (unchanged).`;
    return `Removed all required status checks of ${app}: ${removed.join(", ")}.`;
  }
  const suffix = removed.length === 0 ? "" : `; no longer ${removed.join(", ")}`;
  return `${app} requires ${after.requiredChecks.join(", ")}${suffix}.`;
}
