import type { Command } from "commander";
import {
  AppDocument,
  type AppFragment,
  AppsDocument,
  CreateAppDocument,
  DeleteAppDocument,
  UpdateAppDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import { appOption, define, idempotencyOption, limitOption, option, requireName } from "../../command.js";
import { notFound, wrongUsage } from "../../exit.js";
import { appLabel, check, lower, newerRelease, phase, shortSha, singleLine } from "../../output/format.js";
import type { Paint } from "../../output/paint.js";
import type { Column, Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

export function addApps(program: Command): void {
  define<{ region?: string; limit?: number }>(
    program,
    {
      usage: "apps",
      about: "List the apps and their current releases",
      examples: ["apps", "apps --region eu", "apps --json"],
      notes: ["Columns in a pipe: name, region, pipeline, stage, version, commit, id, newer release, its phase."],
      options: [option("-R, --region <region>", "only apps in this region"), limitOption(null)],
    },
    async ({ api, screen, options }) => {
      const limit = options.limit ?? Number.POSITIVE_INFINITY;
      const { nodes } = await list(api, AppsDocument, { region: options.region }, limit);
      return {
        document: nodes,
        text: () => screen.table(columns(screen), nodes, "No apps. Create one with `railyard apps:create NAME`."),
      };
    },
  );

  define<{ region?: string; description?: string; reported?: boolean; idempotencyKey?: string }>(
    program,
    {
      usage: "apps:create <name>",
      about: "Create an app",
      examples: ["apps:create myapp-space-dev", "apps:create myapp-eu --region eu --reported"],
      notes: [
        "With --reported, a release becomes current when a deployer reports its success; otherwise when it is created.",
      ],
      options: [
        option("-R, --region <region>", "the region that the app runs in"),
        option("-d, --description <text>", "description of the app"),
        option("--reported", "a deployer deploys the releases and reports the results"),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [name = ""], options: { region, description, reported, idempotencyKey } }) => {
      const deploymentMode = reported === true ? ("REPORTED" as const) : undefined;
      const input = { name, region, description, deploymentMode, idempotencyKey };
      const { createApp } = await api.run(CreateAppDocument, { input });
      return { document: createApp.app, text: (screen) => describe(screen, createApp.app) };
    },
  );

  define<{ app?: string }>(
    program,
    {
      usage: "apps:info [app]",
      about: "Show an app, its coupling and its current release",
      examples: ["apps:info myapp-space-dev", "apps:info -a myapp-space-dev --json"],
      options: [appOption()],
    },
    async ({ api, args, options }) => {
      const name = requireName("app", args[0], options.app);
      const { app } = await api.run(AppDocument, { app: name });
      if (app === null) throw notFound(`app "${name}"`);
      return { document: app, text: (screen) => describe(screen, app) };
    },
  );

  define<{
    app?: string;
    name?: string;
    region?: string | false;
    description?: string;
    reported?: boolean;
    deployTimeout?: string | false;
  }>(
    program,
    {
      usage: "apps:update [app]",
      about: "Update the name, description, region, deployment mode or timeout of an app",
      examples: [
        "apps:update myapp-eu --region eu-west",
        "apps:update myapp-eu --name myapp-paris",
        "apps:update -a myapp-eu --no-region --reported --deploy-timeout 15m",
      ],
      options: [
        appOption(),
        option("-n, --name <name>", "new name of the app"),
        option("-R, --region <region>", "the region that the app runs in"),
        option("--no-region", "remove the region"),
        option("-d, --description <text>", "description of the app"),
        option("--reported", "a deployer deploys the releases and reports the results"),
        option("--no-reported", "releases become current when they are created"),
        option("--deploy-timeout <duration>", "a deployment without a report for this long fails, for example 15m"),
        option("--no-deploy-timeout", "use the timeout of the service"),
      ],
    },
    async ({ api, args, options: { app: flag, name, region, description, reported, deployTimeout } }) => {
      const app = requireName("app", args[0], flag);
      if ([name, region, description, reported, deployTimeout].every((value) => value === undefined)) {
        throw wrongUsage("Specify what to update: --name, --region, --description, --reported or --deploy-timeout.");
      }
      const deploymentMode = reported === undefined ? undefined : reported ? "REPORTED" : "IMMEDIATE";
      const input = {
        app,
        name,
        description,
        deploymentMode,
        region: region === false ? null : region,
        deployTimeout: deployTimeout === false ? null : deployTimeout,
      } as const;
      const { updateApp } = await api.run(UpdateAppDocument, { input });
      return { document: updateApp.app, text: (screen) => describe(screen, updateApp.app) };
    },
  );

  define<{ app?: string } & ConfirmOptions>(
    program,
    {
      usage: "apps:destroy [app]",
      about: "Delete an app that is in no pipeline; its history is kept",
      examples: ["apps:destroy myapp-old", "apps:destroy myapp-old --yes"],
      options: [appOption(), yesOption()],
    },
    async ({ api, args, options }) => {
      const app = requireName("app", args[0], options.app);
      await confirm(options, `Delete app ${app}?`);
      const { deleteApp } = await api.run(DeleteAppDocument, { input: { app } });
      return {
        document: deleteApp,
        text: (screen) => screen.line(`Deleted app ${appLabel({ name: app }, screen.paint)}.`),
      };
    },
  );
}

function columns(screen: Screen): Column<AppFragment>[] {
  const { paint } = screen;
  const current = (app: AppFragment) => app.currentRelease;
  return [
    { title: "App", value: (app) => app.name, shown: (app) => appLabel(app, paint) },
    { title: "Region", value: (app) => app.region ?? "" },
    { title: "Pipeline", value: (app) => app.coupling?.pipeline.name ?? "" },
    { title: "Stage", value: (app) => lower(app.coupling?.stage ?? "") },
    {
      title: "Release",
      value: (app) => (app.currentRelease ? `v${app.currentRelease.version}` : ""),
      shown: (app) => releases(app, paint),
    },
    {
      title: "Commit",
      narrow: "left out",
      value: (app) => current(app)?.build.commit.sha ?? "",
      shown: (app) => currentCommit(app),
    },
    { title: "Id", value: (app) => app.id, shown: (app) => paint.dim(app.id), only: "ids" },
    { title: "Newer", value: (app) => newerVersion(app), only: "pipe" },
    { title: "Phase", value: (app) => lower(newerRelease(app)?.phase ?? ""), only: "pipe" },
  ];
}

function newerVersion(app: AppFragment): string {
  const newer = newerRelease(app);
  return newer === null ? "" : `v${newer.version}`;
}

/** `v3`, or with a newer release that is not current `v3, v4 failed`. */
function releases(app: AppFragment, paint: Paint): string {
  const current = app.currentRelease === null ? [] : [`v${app.currentRelease.version}`];
  const newer = newerRelease(app);
  return [...current, ...(newer === null ? [] : [`v${newer.version} ${phase(newer.phase, paint)}`])].join(", ");
}

function currentCommit(app: AppFragment): string {
  return app.currentRelease === null ? "" : shortSha(app.currentRelease.build);
}

function describe(screen: Screen, app: AppFragment): void {
  const { paint } = screen;
  const { coupling, currentRelease: release } = app;
  const newer = newerRelease(app);
  const reason = newer?.failureReason ? `: ${singleLine(newer.failureReason)}` : "";
  screen.pairs([
    ["app", appLabel(app, paint)],
    ["id", app.id],
    ["description", singleLine(app.description)],
    ["region", singleLine(app.region ?? "")],
    ["deployment_mode", lower(app.deploymentMode)],
    ["deploy_timeout", app.deployTimeout ?? ""],
    ["pipeline", coupling === null ? "" : `id=${coupling.pipeline.id}, name=${coupling.pipeline.name}`],
    ["stage", lower(coupling?.stage ?? "")],
    ["coupling", coupling?.id ?? ""],
    ["required_checks", coupling?.requiredChecks.join(", ") ?? ""],
    ["release", release === null ? "" : `v${release.version} (${release.id}) ${phase(release.phase, paint)}`],
    ...(newer === null
      ? []
      : [["newer_release", `v${newer.version} (${newer.id}) ${phase(newer.phase, paint)}${reason}`] as const]),
    ["commit", release === null ? "" : release.build.commit.sha],
    ["checks", (release?.statuses ?? []).map((status) => check(status.context, status.state, paint)).join(", ")],
    ["created_at", screen.time(app.createdAt)],
    ["updated_at", screen.time(app.updatedAt)],
  ]);
}
