import type { Command } from "commander";
import { Api } from "../api/client.js";
import { findConnection } from "../auth/connection.js";
import { define, option, required } from "../command.js";
import { EXIT, wrongUsage } from "../exit.js";
import { Importer, type ImportStep } from "../import/importer.js";
import { PlatformApi, platformUrl } from "../import/platform-api.js";
import { joinChecks } from "../options/checks.js";
import { startProgress } from "../output/progress.js";
import type { Screen } from "../output/screen.js";

export function addImport(program: Command): void {
  define<{ from: string; apply?: boolean }>(
    program,
    {
      usage: "import",
      about: "Copy pipelines, apps, couplings and required checks from a Platform API",
      examples: [
        "import --from https://api.example.com --token OLD_TOKEN",
        "import --from https://api.example.com --token OLD_TOKEN --apply",
      ],
      notes: [
        "Without --apply, only prints the plan. An import can be repeated: it does not change what exists.",
        "--token is the token of the source API. Sign in to Railyard with RAILYARD_TOKEN or `railyard login`.",
      ],
      options: [
        required(option("--from <url>", "URL of the source Platform API, for example https://api.example.com")),
        option("--apply", "execute the plan"),
      ],
    },
    async ({ options, screen }) => {
      if (options.token === undefined) throw wrongUsage("--token is required: the token of the API given with --from.");
      const source = new PlatformApi(platformUrl(options.from), options.token);
      const api = new Api(findConnection(options.url === undefined ? {} : { url: options.url }, process.env));
      const apply = options.apply === true;
      const progress = await startProgress(screen, "Reading …");
      const steps: ImportStep[] = [];
      try {
        const pipelines = await source.pipelines();
        for await (const step of new Importer(api, apply).steps(pipelines)) {
          const count = steps.push(step);
          progress.update(`${step.pipeline} ${step.app ?? ""} (${count} steps)`);
        }
      } finally {
        progress.stop();
      }
      const failed = steps.some((step) => step.outcome === "refused");
      return {
        document: steps,
        text: (screen) => printSteps(screen, steps, apply),
        ...(failed && { exit: EXIT.refused }),
      };
    },
  );
}

function printSteps(screen: Screen, steps: readonly ImportStep[], apply: boolean): void {
  screen.table(
    [
      { title: "Pipeline", value: (step) => step.pipeline },
      { title: "App", value: (step) => step.app ?? "" },
      { title: "Stage", value: (step) => (step.stage ?? "").toLowerCase() },
      { title: "Action", value: (step) => (step.action === "leave" ? "" : step.action) },
      { title: "Checks", value: (step) => joinChecks(step.requiredChecks) },
      { title: "Outcome", value: (step) => (step.reason === null ? step.outcome : `${step.outcome}: ${step.reason}`) },
    ],
    steps,
    "Nothing to import.",
  );
  const planned = steps.filter((step) => step.outcome === "planned").length;
  if (!apply && planned > 0) screen.line(`\n${planned} steps planned. Execute them with --apply.`);
}
