import type { Command } from "commander";
import {
  CONFIG_PARITY_VALUES,
  type ConfigParity,
  ReleaseAutomationHoldDocument,
  SetVerificationDocument,
  SetWaveDocument,
  STAGE_VALUES,
  type Stage,
  StagePolicyDocument,
  type StagePolicyFragment,
  UpdateStagePolicyDocument,
  VERIFICATION_FAILURE_VALUES,
  type VerificationFailure,
} from "../../api/generated.js";
import { findCoupling } from "../../api/references.js";
import { appOption, define, enumOption, listOption, option, required } from "../../command.js";
import { notFound, wrongUsage } from "../../exit.js";
import { parseCount, parseLimit } from "../../options/numbers.js";
import { appLabel, lower } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { describeVerification } from "./couplings.js";

interface PolicyOptions {
  readonly stage: Stage;
  readonly soakTime?: string;
  readonly configParity?: ConfigParity;
  readonly requireVerified?: "on" | "off";
  readonly autoPromote?: "on" | "off";
  readonly autoPromoteEvery?: string;
  readonly maxParallel?: string;
  readonly maxFailures?: string;
  readonly pause?: string;
  readonly manualWave?: string[];
}

/** Adds the commands that set how promotions into a stage are rolled out. */
export function addRolloutSettings(program: Command): void {
  define<PolicyOptions>(
    program,
    {
      usage: "pipelines:policy <pipeline>",
      about: "Show or change the policy of a stage; loosening it requires the ADMIN role",
      examples: [
        "pipelines:policy myapp -s production",
        "pipelines:policy myapp -s production --max-parallel 4 --max-failures 1 --pause 30m --manual-wave 2",
        "pipelines:policy myapp -s production --soak-time 2h",
      ],
      notes: ["`none` removes a time or limit, or all manual waves. Options that are left out keep their values."],
      options: [
        required(enumOption("-s, --stage <stage>", "the stage that is promoted into", STAGE_VALUES)),
        option("--soak-time <time>", "how long a release must have been current on the source: 2h, or none"),
        enumOption("--config-parity <rule>", "which config vars a target must have", CONFIG_PARITY_VALUES),
        option("--require-verified <state>", "whether the release must be verified on its source").choices([
          "on",
          "off",
        ]),
        option("--auto-promote <state>", "whether releases are promoted into the stage by themselves").choices([
          "on",
          "off",
        ]),
        option("--auto-promote-every <time>", "at most one automatic promotion in this time: 24h, or none"),
        option("--max-parallel <count>", "how many targets may be under way at once, or none"),
        option("--max-failures <count>", "how many targets may fail"),
        option("--pause <time>", "the pause between waves: 30m, or none"),
        listOption("--manual-wave <number...>", "the waves that begin only by promotions:advance, or none"),
      ],
    },
    async ({ api, args: [pipeline = ""], options: { stage, ...options } }) => {
      const fields = toFields(options);
      if (Object.values(fields).every((value) => value === undefined)) {
        const found = (await api.run(StagePolicyDocument, { pipeline, stage })).stage;
        if (found === null) throw notFound(`pipeline "${pipeline}"`);
        return { document: found.policy, text: (screen) => describe(screen, found.policy) };
      }
      const input = { pipeline, stage, ...fields };
      const { policy } = (await api.run(UpdateStagePolicyDocument, { input })).updateStagePolicy;
      return { document: policy, text: (screen) => describe(screen, policy) };
    },
  );

  define<{ app: string; checks?: string[]; within?: string; onFailure?: VerificationFailure; none?: boolean }>(
    program,
    {
      usage: "pipelines:verify",
      about: "Set what verifies the releases of an app; loosening it requires the ADMIN role",
      examples: [
        "pipelines:verify -a myapp-stg -c smoke --within 30m --on-failure roll-back",
        "pipelines:verify -a myapp-stg --none",
      ],
      notes: ["The contexts must become SUCCESS on the release itself. A status of its build does not count."],
      options: [
        required(appOption()),
        listOption("-c, --checks <context...>", "a context that must be SUCCESS; repeat it for several"),
        option("--within <time>", "how long they may take, 30m unless given"),
        enumOption("--on-failure <action>", "what happens if one fails", VERIFICATION_FAILURE_VALUES),
        option("--none", "releases are not verified"),
      ],
    },
    async ({ api, options: { app, checks, within, onFailure, none } }) => {
      if ((checks === undefined) === (none !== true)) throw wrongUsage("Give either -c, at least once, or --none.");
      const { id } = await findCoupling(api, app);
      const verification = checks === undefined ? null : { checks, within, onFailure };
      const { coupling } = (await api.run(SetVerificationDocument, { input: { coupling: id, verification } }))
        .setVerification;
      return {
        document: coupling,
        text: (screen) => {
          const what = describeVerification(coupling.verification);
          screen.line(`Verification of ${appLabel(coupling.app, screen.paint)}: ${what}.`);
        },
      };
    },
  );

  define<{ app: string }>(
    program,
    {
      usage: "pipelines:resume",
      about: "Let automatic promotions to an app go on that are held",
      examples: ["pipelines:resume -a myapp-prod"],
      options: [required(appOption())],
    },
    async ({ api, options: { app } }) => {
      const { id } = await findCoupling(api, app);
      const { coupling } = (await api.run(ReleaseAutomationHoldDocument, { input: { coupling: id } }))
        .releaseAutomationHold;
      return {
        document: coupling,
        text: (screen) => {
          screen.line(`Automatic promotions to ${appLabel(coupling.app, screen.paint)} are not held.`);
        },
      };
    },
  );

  define<{ app: string }>(
    program,
    {
      usage: "pipelines:wave <number>",
      about: "Set the wave of an app in promotions, 1 to 20; the lowest goes first",
      examples: ["pipelines:wave 2 -a myapp-eu"],
      options: [required(appOption())],
    },
    async ({ api, args: [number = ""], options: { app } }) => {
      const { id } = await findCoupling(api, app);
      const input = { coupling: id, wave: parseCount("NUMBER", number) };
      const { coupling } = (await api.run(SetWaveDocument, { input })).setWave;
      return {
        document: coupling,
        text: (screen) => {
          screen.line(`${appLabel(coupling.app, screen.paint)} is in wave ${coupling.wave}.`);
        },
      };
    },
  );
}

function toFields({
  soakTime,
  configParity,
  requireVerified,
  autoPromote,
  autoPromoteEvery,
  maxParallel,
  maxFailures,
  pause,
  manualWave,
}: Omit<PolicyOptions, "stage">) {
  const time = (value: string | undefined) => (value === "none" ? null : value);
  return {
    soakTime: time(soakTime),
    configParity,
    requireVerified: requireVerified === undefined ? undefined : requireVerified === "on",
    autoPromote: autoPromote === undefined ? undefined : autoPromote === "on",
    autoPromoteEvery: time(autoPromoteEvery),
    maxParallel: maxParallel === undefined ? undefined : parseLimit("--max-parallel", maxParallel),
    maxFailures: maxFailures === undefined ? undefined : parseCount("--max-failures", maxFailures),
    pauseBetweenWaves: time(pause),
    manualWaves: manualWave?.join() === "none" ? [] : manualWave?.map((wave) => parseCount("--manual-wave", wave)),
  };
}

function describe(screen: Screen, policy: StagePolicyFragment): void {
  screen.pairs([
    ["pipeline", policy.pipeline.name],
    ["stage", lower(policy.stage)],
    ["soak_time", policy.soakTime ?? "none"],
    ["config_parity", lower(policy.configParity)],
    ["require_verified", policy.requireVerified ? "on" : "off"],
    ["auto_promote", policy.autoPromote ? "on" : "off"],
    ["auto_promote_every", policy.autoPromoteEvery ?? "none"],
    ["max_parallel", String(policy.maxParallel ?? "none")],
    ["max_failures", String(policy.maxFailures)],
    ["pause", policy.pauseBetweenWaves ?? "none"],
    ["manual_waves", policy.manualWaves.join(", ") || "none"],
    ["updated_at", screen.time(policy.updatedAt)],
  ]);
}
