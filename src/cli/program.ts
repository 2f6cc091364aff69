import { Command, type Option } from "commander";
import { option } from "./command.js";
import { addCompletion } from "./commands/completion.js";
import { addConfigReading } from "./commands/config/read.js";
import { addConfigSetting } from "./commands/config/set.js";
import { addFreezes } from "./commands/gates/freezes.js";
import { addWindows } from "./commands/gates/windows.js";
import { addGithub } from "./commands/github.js";
import { addImport } from "./commands/import.js";
import { addLogin } from "./commands/login.js";
import { addApprovalRules } from "./commands/pipelines/approval-rules.js";
import { addApps } from "./commands/pipelines/apps.js";
import { addCouplings } from "./commands/pipelines/couplings.js";
import { addPipelines } from "./commands/pipelines/pipelines.js";
import { addReviewApps } from "./commands/pipelines/review-apps.js";
import { addRolloutSettings } from "./commands/pipelines/rollouts.js";
import { addPipelinesUpdate } from "./commands/pipelines/update.js";
import { addApprovals } from "./commands/releases/approvals.js";
import { addBuilds } from "./commands/releases/builds.js";
import { addDeployments } from "./commands/releases/deployments.js";
import { addPromote } from "./commands/releases/promote.js";
import { addPromotions } from "./commands/releases/promotions.js";
import { addQuarantines } from "./commands/releases/quarantines.js";
import { addReleases } from "./commands/releases/releases.js";
import { addRollouts } from "./commands/releases/rollouts.js";
import { addServe } from "./commands/serve.js";
import { addTokens } from "./commands/tokens.js";
import { addWatch } from "./commands/watch.js";
import { addWebhookControl } from "./commands/webhooks/control.js";
import { addWebhookListen } from "./commands/webhooks/listen.js";
import { addWebhooks } from "./commands/webhooks/webhooks.js";

const AFTER = `
Connection: --url and --token, then RAILYARD_URL and RAILYARD_TOKEN, then the login stored by \`railyard login\`.

Exit codes: 0 success · 1 refused or failed · 2 invalid usage · 3 blocked by a gate · 4 the promotion
finished but not all targets succeeded · 5 no connection or not signed in.

Examples:
  $ railyard pipelines:create myapp
  $ railyard pipelines:add myapp -a myapp-space-dev -s development
  $ railyard pipelines:promote -a myapp-space-dev --wait`;

/** Creates the command-line program. It throws errors instead of exiting the process. */
export function createProgram(version: string): Command {
  const program = new Command("railyard")
    .description("Command-line client of Railyard, a self-hosted service for continuous-delivery pipelines.")
    .version(version, "-V, --version", "show the version")
    .addOption(option("--url <url>", "address of the service"))
    .addOption(option("--token <token>", "token to authenticate with"))
    .addOption(option("--json", "print the API response as JSON"))
    .addOption(option("--ids", "show ids in tables on a terminal"))
    .addOption(option("--verbose", "print the operation and request id of a failed request"))
    .helpOption("-h, --help", "show help")
    .addHelpCommand(
      new Command("help")
        .argument("[command]")
        .description("Show the help of a command")
        .helpOption(false)
        .helpGroup("Service:"),
    )
    .addHelpText("after", AFTER)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, optionDescription: describeOption })
    // `main` prints usage errors like all other errors.
    .configureOutput({ outputError: () => {} });
  program.commandsGroup("Service:");
  addServe(program);
  addLogin(program);
  program.commandsGroup("Apps and pipelines:");
  addApps(program);
  addPipelines(program);
  addCouplings(program);
  addPipelinesUpdate(program);
  addReviewApps(program);
  addApprovalRules(program);
  addConfigReading(program);
  addConfigSetting(program);
  addRolloutSettings(program);
  program.commandsGroup("Builds, releases and promotions:");
  addBuilds(program);
  addQuarantines(program);
  addReleases(program);
  addDeployments(program);
  addPromote(program);
  addPromotions(program);
  addRollouts(program);
  addApprovals(program);
  addWatch(program);
  program.commandsGroup("Windows and freezes:");
  addFreezes(program);
  addWindows(program);
  program.commandsGroup("Administration:");
  addTokens(program);
  addWebhooks(program);
  addWebhookControl(program);
  addWebhookListen(program);
  addGithub(program);
  addImport(program);
  addCompletion(program);
  return program;
}

/** `the stage: review, development, staging, production (required)`. */
function describeOption({ description, argChoices, defaultValue, mandatory }: Option): string {
  const values = argChoices === undefined ? "" : `: ${argChoices.join(", ")}`;
  const fallback = defaultValue === undefined ? "" : ` (default: ${defaultValue})`;
  return `${description}${values}${mandatory ? " (required)" : ""}${fallback}`;
}
