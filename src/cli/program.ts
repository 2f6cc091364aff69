import { Command } from "commander";
import { option } from "./command.js";
import { addApps } from "./commands/apps.js";
import { addBuilds } from "./commands/builds.js";
import { addCompletion } from "./commands/completion.js";
import { addCouplings } from "./commands/couplings.js";
import { addImport } from "./commands/import.js";
import { addLogin } from "./commands/login.js";
import { addPipelines } from "./commands/pipelines.js";
import { addPromote } from "./commands/promote.js";
import { addPromotions } from "./commands/promotions.js";
import { addReleases } from "./commands/releases.js";
import { addServe } from "./commands/serve.js";
import { addTokens } from "./commands/tokens.js";
import { addWatch } from "./commands/watch.js";

const AFTER = `
Where to connect: --url and --token, then RAILYARD_URL and RAILYARD_TOKEN, then what \`railyard login\` has kept.

Exit codes: 0 done · 1 refused or failed · 2 wrong usage · 3 blocked by checks · 4 the promotion ended, and not all
targets succeeded · 5 no connection, or not signed in.

Examples:
  $ railyard pipelines:create myapp
  $ railyard pipelines:add myapp -a myapp-space-dev -s development
  $ railyard pipelines:promote -a myapp-space-dev --wait`;

/** The whole command line. It throws instead of ending the process. */
export function createProgram(version: string): Command {
  const program = new Command("railyard")
    .description("Self-hosted continuous-delivery pipelines, from the command line.")
    .version(version, "-V, --version", "show the version")
    .addOption(option("--url <url>", "where the service is"))
    .addOption(option("--token <token>", "the secret to sign in with"))
    .addOption(option("--json", "print what the API answers, and nothing else"))
    .addOption(option("--verbose", "say more where something fails: the operation, and the request's id"))
    .helpOption("-h, --help", "show the help of a command")
    .helpCommand(false)
    .addHelpText("after", AFTER)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    // Errors of usage are told by `main`, as all others are.
    .configureOutput({ outputError: () => {} });
  addServe(program);
  addLogin(program);
  addApps(program);
  addPipelines(program);
  addCouplings(program);
  addPromote(program);
  addBuilds(program);
  addReleases(program);
  addPromotions(program);
  addWatch(program);
  addTokens(program);
  addImport(program);
  addCompletion(program);
  return program;
}
