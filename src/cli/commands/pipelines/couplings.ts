import type { Command } from "commander";
import type { Api } from "../../api/client.js";
import {
  AddCouplingDocument,
  type CouplingFragment,
  MoveCouplingDocument,
  PipelinesDocument,
  RemoveCouplingDocument,
  SetAutoDeployDocument,
  STAGE_VALUES,
  type Stage,
} from "../../api/generated.js";
import { findCoupling, list } from "../../api/references.js";
import {
  appOption,
  CHECKS_NOTE,
  checksOption,
  define,
  enumOption,
  idempotencyOption,
  required,
} from "../../command.js";
import { wrongUsage } from "../../exit.js";
import { appLabel, lower } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

/** Adds the commands for couplings: apps in pipeline stages, and their required checks. */
export function addCouplings(program: Command): void {
  define<{ app: string; stage: Stage; checks?: string[]; idempotencyKey?: string }>(
    program,
    {
      usage: "pipelines:add [pipeline]",
      about: "Add an app to a stage of a pipeline",
      examples: [
        "pipelines:add myapp -a myapp-space-dev -s development",
        "pipelines:add myapp -a myapp-space-prod -s production -c ci/build -c qa/smoke",
      ],
      notes: ["The pipeline is optional if there is only one.", CHECKS_NOTE],
      options: [
        required(appOption()),
        required(enumOption("-s, --stage <stage>", "the stage", STAGE_VALUES)),
        checksOption(),
        idempotencyOption(),
      ],
    },
    async ({ api, args, options: { app, stage, checks, idempotencyKey } }) => {
      const pipeline = args[0] ?? (await findOnlyPipeline(api));
      const input = { pipeline, app, stage, requiredChecks: checks, idempotencyKey };
      const { coupling } = (await api.run(AddCouplingDocument, { input })).addCoupling;
      return { document: coupling, text: (screen) => describe(screen, coupling) };
    },
  );

  define<{ app: string; stage: Stage }>(
    program,
    {
      usage: "pipelines:move",
      about: "Move an app to another stage of its pipeline",
      examples: ["pipelines:move -a myapp-space-qa -s production"],
      options: [required(appOption()), required(enumOption("-s, --stage <stage>", "the new stage", STAGE_VALUES))],
    },
    async ({ api, options: { app, stage } }) => {
      const { id } = await findCoupling(api, app);
      const { coupling } = (await api.run(MoveCouplingDocument, { input: { coupling: id, stage } })).moveCoupling;
      return { document: coupling, text: (screen) => describe(screen, coupling) };
    },
  );

  define<{ app: string }>(
    program,
    {
      usage: "pipelines:auto-deploy <on|off>",
      about: "Turn automatic deployment of new builds to an app on or off",
      examples: ["pipelines:auto-deploy on -a myapp-space-dev", "pipelines:auto-deploy off -a myapp-space-dev"],
      notes: ["Available in the development stage."],
      options: [required(appOption())],
      choices: ["on", "off"],
    },
    async ({ api, args: [state], options: { app } }) => {
      const { id } = await findCoupling(api, app);
      const input = { coupling: id, autoDeploy: state === "on" };
      const { coupling } = (await api.run(SetAutoDeployDocument, { input })).setAutoDeploy;
      return {
        document: coupling,
        text: (screen) => {
          screen.line(`Automatic deployment of ${appLabel(coupling.app, screen.paint)} is ${state}.`);
        },
      };
    },
  );

  define<{ app: string } & ConfirmOptions>(
    program,
    {
      usage: "pipelines:remove",
      about: "Remove an app from its pipeline; the app is kept",
      examples: ["pipelines:remove -a myapp-space-qa", "pipelines:remove -a myapp-space-qa --yes"],
      options: [required(appOption()), yesOption()],
    },
    async ({ api, options }) => {
      const coupling = await findCoupling(api, options.app);
      await confirm(options, `Remove ${coupling.app.name} from ${coupling.pipeline.name}?`);
      const { removeCoupling } = await api.run(RemoveCouplingDocument, { input: { coupling: coupling.id } });
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
  const { nodes, more } = await list(api, PipelinesDocument, {}, 2);
  const [only] = nodes;
  if (only === undefined || nodes.length > 1 || more) {
    throw wrongUsage("Specify the pipeline: railyard pipelines:add PIPELINE -a APP -s STAGE.");
  }
  return only.id;
}

/** `smoke, load within 30m, else roll back`. */
export function describeVerification(verification: CouplingFragment["verification"]): string {
  if (verification === null) return "none";
  const { checks, within, onFailure } = verification;
  return `${checks.join(", ")} within ${within}, else ${lower(onFailure)}`;
}

function describe(screen: Screen, { id, app, pipeline, stage, ...rest }: CouplingFragment): void {
  // Omits settings that were never set: most apps have neither waves nor verification.
  const { wave, verification, automationHeld } = rest;
  screen.pairs([
    ["app", `id=${app.id}, name=${app.name}`],
    ["id", id],
    ["created_at", rest.createdAt],
    ["updated_at", rest.updatedAt],
    ["stage", lower(stage)],
    ["pipeline", `id=${pipeline.id}, name=${pipeline.name}`],
    ["required_checks", rest.requiredChecks.join(", ")],
    ...(wave === 1 ? [] : ([["wave", String(wave)]] as const)),
    ...(automationHeld === null ? [] : ([["automation_held", automationHeld.reason]] as const)),
    ...(verification === null ? [] : ([["verification", describeVerification(verification)]] as const)),
    ["auto_deploy", String(rest.autoDeploy)],
  ]);
}
