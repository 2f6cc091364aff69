import type { Command } from "commander";
import type { Api } from "../api/client.js";
import { type Coupling, STAGES, type Stage } from "../api/model.js";
import { ADD_COUPLING, REMOVE_COUPLING, UPDATE_CHECKS } from "../api/mutations.js";
import { PIPELINES } from "../api/queries.js";
import { findCoupling, list } from "../api/references.js";
import { appOption, define, enumOption, listOption, required, requireName } from "../command.js";
import { wrongUsage } from "../exit.js";
import { appLabel, lower } from "../output/format.js";
import type { Screen } from "../output/screen.js";

const checksOption = () =>
  listOption("-c, --checks <check...>", "required status checks; -c a -c b, -c a b and -c a,b are equivalent");

/** Adds the commands for couplings: apps in pipeline stages, and their required checks. */
export function addCouplings(program: Command): void {
  define<{ app: string; stage: Stage; checks?: string[] }>(
    program,
    {
      usage: "pipelines:add [pipeline]",
      about: "Add an app to a stage of a pipeline",
      examples: [
        "pipelines:add myapp -a myapp-space-dev -s development",
        "pipelines:add myapp -a myapp-space-prod -s production -c ci/build -c qa/smoke",
      ],
      notes: ["The pipeline is optional if there is only one."],
      options: [
        required(appOption()),
        required(enumOption("-s, --stage <stage>", "the stage", STAGES)),
        checksOption(),
      ],
    },
    async ({ api, args, options: { app, stage, checks } }) => {
      const pipeline = args[0] ?? (await findOnlyPipeline(api));
      const input = { pipeline, app, stage, requiredChecks: checks };
      const { coupling } = (await api.run(ADD_COUPLING, { input })).addCoupling;
      return { document: coupling, text: (screen) => describe(screen, coupling) };
    },
  );

  define<{ app?: string; checks?: string[] }>(
    program,
    {
      usage: "pipelines:update [coupling]",
      about: "Set the required status checks of an app; without -c, remove all",
      examples: [
        "pipelines:update 08f4d458-a492-44c0-9a78-667d8b24644d -c my/status-check",
        "pipelines:update -a myapp-space-prod -c ci/build,qa/smoke",
        "pipelines:update -a myapp-space-prod   # removes all checks; requires the ADMIN role",
      ],
      notes: ["Specify the coupling by its id (shown by pipelines:info) or by its app."],
      options: [appOption(), checksOption()],
    },
    async ({ api, args, options }) => {
      const before = await findCoupling(api, requireName("coupling", args[0], options.app));
      const requiredChecks = options.checks ?? [];
      const { coupling } = (await api.run(UPDATE_CHECKS, { input: { coupling: before.id, requiredChecks } }))
        .updateChecks;
      return { document: coupling, text: (screen) => screen.line(describeCheckChange(screen, before, coupling)) };
    },
  );

  define<{ app: string }>(
    program,
    {
      usage: "pipelines:remove",
      about: "Remove an app from its pipeline; the app is kept",
      examples: ["pipelines:remove -a myapp-space-qa"],
      options: [required(appOption())],
    },
    async ({ api, options: { app } }) => {
      const coupling = await findCoupling(api, app);
      const { removeCoupling } = await api.run(REMOVE_COUPLING, { input: { coupling: coupling.id } });
      return {
        document: removeCoupling,
        text: (screen) => {
          const from = `${lower(coupling.stage)} of ${coupling.pipeline.name}`;
          screen.line(`Removed ${appLabel(coupling.app, screen.paint)} from ${from}.`);
        },
      };
    },
  );
}

async function findOnlyPipeline(api: Api): Promise<string> {
  const { nodes, more } = await list(api, PIPELINES, {}, 2);
  const [only] = nodes;
  if (only === undefined || nodes.length > 1 || more) {
    throw wrongUsage("Specify the pipeline: railyard pipelines:add PIPELINE -a APP -s STAGE.");
  }
  return only.id;
}

function describe(screen: Screen, { id, app, pipeline, stage, ...rest }: Coupling): void {
  screen.pairs([
    ["app", `id=${app.id}, name=${app.name}`],
    ["id", id],
    ["created_at", rest.createdAt],
    ["updated_at", rest.updatedAt],
    ["stage", lower(stage)],
    ["pipeline", `id=${pipeline.id}, name=${pipeline.name}`],
    ["required_checks", rest.requiredChecks.join(", ")],
    ["auto_deploy", String(rest.autoDeploy)],
  ]);
}

function describeCheckChange(screen: Screen, before: Coupling, after: Coupling): string {
  const app = appLabel(after.app, screen.paint);
  const removed = before.requiredChecks.filter((one) => !after.requiredChecks.includes(one));
  if (after.requiredChecks.length === 0) {
    if (removed.length === 0) return `${app} has no required status checks (unchanged).`;
    return `Removed all required status checks of ${app}: ${removed.join(", ")}.`;
  }
  const suffix = removed.length === 0 ? "" : `; no longer ${removed.join(", ")}`;
  return `${app} requires ${after.requiredChecks.join(", ")}${suffix}.`;
}
