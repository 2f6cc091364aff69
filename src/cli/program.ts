import { Command } from "commander";
import { option } from "./command.js";
import { addApps } from "./commands/apps.js";
import { addBuilds } from "./commands/builds.js";
import { addCompletion } from "./commands/completion.js";
import { addCouplings } from "./commands/couplings.js";
import { addDeployments } from "./commands/deployments.js";
import { addImport } from "./commands/import.js";
import { addLogin } from "./commands/login.js";
import { addPipelines } from "./commands/pipelines.js";
import { addPipelinesUpdate } from "./commands/pipelines-update.js";
import { addPromote } from "./commands/promote.js";
import { addPromotions } from "./commands/promotions.js";
import { addReleases } from "./commands/releases.js";
import { addReviewApps } from "./commands/review-apps.js";
import { addServe } from "./commands/serve.js";
import { addTokens } from "./commands/tokens.js";
import { addWatch } from "./commands/watch.js";

const AFTER = `
Connection: --url and --token, then RAILYARD_URL and RAILYARD_TOKEN, then the login stored by \`railyard login\`.

Exit codes: 0 success · 1 refused or failed · 2 invalid usage · 3 blocked by required checks · 4 the promotion
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
    .helpCommand("help [command]", "show the help of a command")
    .addHelpText("after", AFTER)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    // `main` prints usage errors like all other errors.
    .configureOutput({ outputError: () => {} });
  addServe(program);
  addLogin(program);
  addApps(program);
  addPipelines(program);
  addCouplings(program);
  addPipelinesUpdate(program);
  addPromote(program);
  addBuilds(program);
  addReleases(program);
  addDeployments(program);
  addReviewApps(program);
  addPromotions(program);
  addWatch(program);
  addTokens(program);
  addImport(program);
  addCompletion(program);
  return program;
}
