import type { Command } from "commander";
import type { App } from "../api/model.js";
import { CREATE_APP, DELETE_APP } from "../api/mutations.js";
import { APP_BY_NAME, APPS } from "../api/queries.js";
import { head } from "../api/references.js";
import { appOption, define, limitOption, named, option } from "../command.js";
import { notFound } from "../exit.js";
import { appLabel, check, lower, phase, shortSha, singleLine } from "../output/format.js";
import type { Column, Screen } from "../output/screen.js";

export function addApps(program: Command): void {
  define<{ region?: string; limit?: number }>(
    program,
    {
      usage: "apps",
      about: "List the apps, with what each one runs",
      examples: ["apps", "apps --region eu", "apps --json"],
      notes: ["In a pipe the columns are: name, region, pipeline, stage, version, commit, id."],
      options: [option("-R, --region <region>", "only those in this region"), limitOption(null)],
    },
    async ({ api, screen, options }) => {
      const limit = options.limit ?? Number.POSITIVE_INFINITY;
      const { nodes } = await head(api, APPS, { region: options.region }, limit);
      return {
        document: nodes,
        text: () => screen.table(columns(screen), nodes, "There are no apps; `railyard apps:create NAME` makes one."),
      };
    },
  );

  define<{ region?: string; description?: string; reported?: boolean }>(
    program,
    {
      usage: "apps:create <name>",
      about: "Make an app",
      examples: ["apps:create myapp-space-dev", "apps:create myapp-eu --region eu --reported"],
      notes: [
        "Of an app with --reported, a release is live once a deployer has reported it; of any other, as soon as it is made.",
      ],
      options: [
        option("-R, --region <region>", "where it runs, in your own words"),
        option("-d, --description <text>", "what it is"),
        option("--reported", "a deployer rolls its releases out and reports how that went"),
      ],
    },
    async ({ api, args: [name = ""], options: { region, description, reported } }) => {
      const deploymentMode = reported === true ? ("REPORTED" as const) : undefined;
      const { createApp } = await api.run(CREATE_APP, { input: { name, region, description, deploymentMode } });
      return { document: createApp.app, text: (screen) => describe(screen, createApp.app) };
    },
  );

  define<{ app?: string }>(
    program,
    {
      usage: "apps:info [app]",
      about: "Show an app: where it stands and what it runs",
      examples: ["apps:info myapp-space-dev", "apps:info -a myapp-space-dev --json"],
      options: [appOption()],
    },
    async ({ api, args, options }) => {
      const name = named("app", args[0], options.app);
      const { app } = await api.run(APP_BY_NAME, { app: name });
      if (app === null) throw notFound(`app "${name}"`);
      return { document: app, text: (screen) => describe(screen, app) };
    },
  );

  define<{ app?: string }>(
    program,
    {
      usage: "apps:destroy [app]",
      about: "Delete an app that is in no pipeline; its history stays",
      examples: ["apps:destroy myapp-old"],
      options: [appOption()],
    },
    async ({ api, args, options }) => {
      const app = named("app", args[0], options.app);
      const { deleteApp } = await api.run(DELETE_APP, { input: { app } });
      return {
        document: deleteApp,
        text: (screen) => screen.line(`Deleted app ${appLabel({ name: app }, screen.paint)}.`),
      };
    },
  );
}

function columns(screen: Screen): Column<App>[] {
  const { paint } = screen;
  const current = (app: App) => app.currentRelease;
  return [
    { title: "App", value: (app) => app.name, shown: (app) => appLabel(app, paint) },
    { title: "Region", value: (app) => app.region ?? "", narrow: "left out" },
    { title: "Pipeline", value: (app) => app.coupling?.pipeline.name ?? "" },
    { title: "Stage", value: (app) => lower(app.coupling?.stage ?? "") },
    { title: "Runs", value: (app) => (app.currentRelease ? `v${app.currentRelease.version}` : "") },
    { title: "Commit", value: (app) => current(app)?.build.commit.sha ?? "", shown: (app) => currentCommit(app) },
    { title: "Id", value: (app) => app.id, shown: (app) => paint.dim(app.id), narrow: "left out" },
  ];
}

function currentCommit(app: App): string {
  return app.currentRelease === null ? "" : shortSha(app.currentRelease.build);
}

function describe(screen: Screen, app: App): void {
  const { paint } = screen;
  const { coupling, currentRelease: release } = app;
  screen.pairs([
    ["app", appLabel(app, paint)],
    ["id", app.id],
    ["description", singleLine(app.description)],
    ["region", singleLine(app.region ?? "")],
    ["deployment_mode", lower(app.deploymentMode)],
    ["pipeline", coupling === null ? "" : `id=${coupling.pipeline.id}, name=${coupling.pipeline.name}`],
    ["stage", lower(coupling?.stage ?? "")],
    ["coupling", coupling?.id ?? ""],
    ["required_checks", coupling?.requiredChecks.join(", ") ?? ""],
    ["release", release === null ? "" : `v${release.version} (${release.id}) ${phase(release.phase, paint)}`],
    ["commit", release === null ? "" : release.build.commit.sha],
    ["checks", (release?.statuses ?? []).map((status) => check(status.context, status.state, paint)).join(", ")],
    ["created_at", screen.time(app.createdAt)],
    ["updated_at", screen.time(app.updatedAt)],
  ]);
}
