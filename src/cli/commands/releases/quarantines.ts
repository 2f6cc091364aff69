import type { Command } from "commander";
import {
  BuildInfoDocument,
  type BuildInfoFragment,
  QuarantineBuildDocument,
  ReleaseBuildDocument,
  STAGE_VALUES,
  type Stage,
} from "../../api/generated.js";
import { type CommandResult, define, enumOption, idempotencyOption, option, required } from "../../command.js";
import { notFound } from "../../exit.js";
import { lower, singleLine } from "../../output/format.js";
import { describeBuild } from "./builds.js";

const ID = "019ab3c4-5d6e-7f80-9123-456789abcdef";

/** Adds the commands that show a build, and keep one that was found bad out of stages. */
export function addQuarantines(program: Command): void {
  define(
    program,
    {
      usage: "builds:info <build>",
      about: "Show a build, and its quarantines",
      examples: [`builds:info ${ID}`],
    },
    async ({ api, args: [id = ""] }) => {
      const { build } = await api.run(BuildInfoDocument, { id });
      if (build === null) throw notFound(`build "${id}"`);
      return describe(build);
    },
  );

  define<{ stage: Stage; reason: string; idempotencyKey?: string }>(
    program,
    {
      usage: "builds:quarantine <build>",
      about: "Keep a build out of a stage and all later ones",
      examples: [`builds:quarantine ${ID} -s production --reason 'loses carts'`],
      notes: ["What runs or is being deployed stays. Releasing the build again requires the ADMIN role."],
      options: [
        required(enumOption("-s, --stage <stage>", "the first stage that the build must not go to", STAGE_VALUES)),
        required(option("--reason <text>", "why the build is quarantined")),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [build = ""], options: { stage: fromStage, reason, idempotencyKey } }) => {
      const input = { build, fromStage, reason, idempotencyKey };
      return describe((await api.run(QuarantineBuildDocument, { input })).quarantineBuild.build);
    },
  );

  define<{ reason: string }>(
    program,
    {
      usage: "builds:release <build>",
      about: "End all quarantines of a build; requires the ADMIN role",
      examples: [`builds:release ${ID} --reason 'the test was wrong'`],
      notes: ["To put a build on an app, use releases:create."],
      options: [required(option("--reason <text>", "why the build is released"))],
    },
    async ({ api, args: [build = ""], options: { reason } }) =>
      describe((await api.run(ReleaseBuildDocument, { input: { build, reason } })).releaseBuild.build),
  );
}

function describe(build: BuildInfoFragment): CommandResult {
  return {
    document: build,
    text: (screen) => {
      describeBuild(build).text(screen);
      for (const { fromStage, reason, by, createdAt } of build.quarantines) {
        const who = `by ${singleLine(by.name)}, ${screen.time(createdAt)}`;
        screen.line(`✗ Quarantined from ${lower(fromStage)} on: ${singleLine(reason)} (${who})`);
      }
    },
  };
}
