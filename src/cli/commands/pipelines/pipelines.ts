import type { Command } from "commander";
import {
  CreatePipelineDocument,
  DeletePipelineDocument,
  PipelineChecksDocument,
  PipelineDocument,
  type PipelineFragment,
  PipelinesDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import { define, idempotencyOption, limitOption, option } from "../../command.js";
import { notFound } from "../../exit.js";
import { drawBoard, listCouplings } from "../../output/board.js";
import { formatRepository, singleLine } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

export function addPipelines(program: Command): void {
  define<{ limit?: number }>(
    program,
    {
      usage: "pipelines",
      about: "List the pipelines",
      examples: ["pipelines", "pipelines --json"],
      notes: ["Columns in a pipe: name, repository, branch, number of apps, id, component."],
      options: [limitOption(null)],
    },
    async ({ api, screen, options }) => {
      const { nodes } = await list(api, PipelinesDocument, {}, options.limit ?? Number.POSITIVE_INFINITY);
      const { paint } = screen;
      return {
        document: nodes,
        text: () =>
          screen.table(
            [
              { title: "Pipeline", value: (one) => one.name, shown: (one) => paint.cyan(one.name) },
              {
                title: "Repository",
                value: (one) => one.repository ?? "",
                shown: (one) => formatRepository(one.repository, one.component),
              },
              { title: "Branch", value: (one) => one.branch },
              { title: "Apps", value: (one) => String(one.couplings.length) },
              { title: "Id", value: (one) => one.id, shown: (one) => paint.dim(one.id), only: "ids" },
              { title: "Component", value: (one) => one.component ?? "", only: "pipe" },
            ],
            nodes,
            "No pipelines. Create one with `railyard pipelines:create NAME`.",
          ),
      };
    },
  );

  define<{
    repository?: string;
    component?: string;
    branch?: string;
    description?: string;
    reviewApps?: boolean;
    idempotencyKey?: string;
  }>(
    program,
    {
      usage: "pipelines:create <name>",
      about: "Create a pipeline",
      examples: [
        "pipelines:create myapp",
        "pipelines:create shop --repository acme/shop --branch main --review-apps",
        "pipelines:create shop-api --repository acme/shop --component api   # one part of a monorepo",
      ],
      options: [
        option("-r, --repository <repository>", "the repository, for example github.com/acme/shop"),
        option("--component <name>", "the part of a monorepo that it deploys; builds must have the same component"),
        option("-b, --branch <branch>", "the branch whose builds are deployed automatically (default main)"),
        option("-d, --description <text>", "description of the pipeline"),
        option("--review-apps", "create a review app for each pull request"),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [name = ""], options }) => {
      const { repository, component, branch, description, reviewApps, idempotencyKey } = options;
      const input = { name, repository, component, branch, description, reviewAppsEnabled: reviewApps, idempotencyKey };
      const { pipeline } = (await api.run(CreatePipelineDocument, { input })).createPipeline;
      return { document: pipeline, text: (screen) => describePipeline(screen, pipeline) };
    },
  );

  define(
    program,
    {
      usage: "pipelines:info <pipeline>",
      about: "Show a pipeline: its stages, apps, releases and checks",
      examples: ["pipelines:info myapp", "pipelines:info myapp --json"],
      notes: ["In a pipe, prints only the list of couplings."],
    },
    async ({ api, args: [name = ""] }) => {
      const { pipeline } = await api.run(PipelineDocument, { pipeline: name });
      if (pipeline === null) throw notFound(`pipeline "${name}"`);
      return {
        document: pipeline,
        text: async (screen) => {
          if (screen.reader === "terminal") {
            const { repository, component, branch } = pipeline;
            const source =
              repository === null ? "" : `  ${formatRepository(repository, component)} (${singleLine(branch)})`;
            screen.line(`${screen.paint.bold(pipeline.name)}${screen.paint.dim(source)}\n`);
            await drawBoard(screen, pipeline);
            screen.line();
          }
          listCouplings(screen, pipeline);
        },
      };
    },
  );

  define(
    program,
    {
      usage: "pipelines:checks <pipeline>",
      about: "List the status checks reported in a pipeline",
      examples: ["pipelines:checks myapp"],
      notes: ["Columns in a pipe: context, name, time of the last report."],
    },
    async ({ api, args: [name = ""], screen }) => {
      const { pipeline } = await api.run(PipelineChecksDocument, { pipeline: name });
      if (pipeline === null) throw notFound(`pipeline "${name}"`);
      return {
        document: pipeline.availableChecks,
        text: () =>
          screen.table(
            [
              { title: "Check", value: (one) => one.context },
              { title: "Name", value: (one) => one.name ?? "" },
              {
                title: "Last reported",
                value: (one) => one.lastReportedAt,
                shown: (one) => screen.time(one.lastReportedAt),
              },
            ],
            pipeline.availableChecks,
            "No checks reported. Report one with `railyard releases:status`.",
          ),
      };
    },
  );

  define<ConfirmOptions>(
    program,
    {
      usage: "pipelines:destroy <pipeline>",
      about: "Delete a pipeline; its apps and history are kept",
      examples: ["pipelines:destroy myapp", "pipelines:destroy myapp --yes"],
      options: [yesOption()],
    },
    async ({ api, args: [pipeline = ""], options }) => {
      await confirm(options, `Delete pipeline ${pipeline}?`);
      const { deletePipeline } = await api.run(DeletePipelineDocument, { input: { pipeline } });
      return {
        document: deletePipeline,
        text: (screen) => screen.line(`Deleted pipeline ${screen.paint.cyan(pipeline)}.`),
      };
    },
  );
}

export function describePipeline(screen: Screen, pipeline: PipelineFragment): void {
  screen.pairs([
    ["pipeline", screen.paint.cyan(pipeline.name)],
    ["id", pipeline.id],
    ["description", singleLine(pipeline.description)],
    ["repository", singleLine(pipeline.repository ?? "")],
    ["component", singleLine(pipeline.component ?? "")],
    ["branch", singleLine(pipeline.branch)],
    ["review_apps", String(pipeline.reviewAppsEnabled)],
    ["created_at", screen.time(pipeline.createdAt)],
    ["updated_at", screen.time(pipeline.updatedAt)],
  ]);
}
