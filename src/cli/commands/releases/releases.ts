import type { Command } from "commander";
import { Blocked } from "../../api/client.js";
import {
  CreateReleaseDocument,
  ReleaseDocument,
  type ReleaseFragment,
  ReportStatusDocument,
  RollbackDocument,
  STATUS_STATE_VALUES,
  type StatusState,
} from "../../api/generated.js";
import { findReleaseId, listReleases } from "../../api/references.js";
import { appOption, define, enumOption, idempotencyOption, limitOption, option, required } from "../../command.js";
import { notFound } from "../../exit.js";
import { type OverrideFlags, overrideOptions, requireReason } from "../../options/override.js";
import { appLabel, check, shellQuote } from "../../output/format.js";
import { noteMore } from "../../output/lists.js";
import { releaseColumns, showRelease, showReleases } from "../../output/releases.js";

const NAMING = "Specify a release by its id, or together with -a as v3, current or previous.";

export function addReleases(program: Command): void {
  define<{ app: string; limit: number }>(
    program,
    {
      usage: "releases",
      about: "List the releases of an app, newest first",
      examples: ["releases -a myapp-space-qa", "releases -a myapp-space-qa --limit 100 --json"],
      notes: ["Columns in a pipe: version, current (or empty), phase, commit, build, time, description, checks, id."],
      options: [required(appOption()), limitOption(25)],
    },
    async ({ api, screen, options: { app, limit } }) => {
      const { nodes, more } = await listReleases(api, app, limit);
      return {
        document: nodes,
        text: async () => {
          if (screen.reader === "pipe") await screen.table(releaseColumns(), nodes, "");
          else showReleases(screen, app, nodes);
          noteMore(screen, more, limit);
        },
      };
    },
  );

  define<{ app?: string }>(
    program,
    {
      usage: "releases:info <release>",
      about: "Show a release, its build and its status checks",
      examples: ["releases:info v3 -a myapp-space-qa", "releases:info 13616620-2cc5-4a61-851b-819c01734dad"],
      notes: [NAMING],
      options: [appOption()],
    },
    async ({ api, args: [reference = ""], options }) => {
      const id = await findReleaseId(api, reference, options.app);
      const { release } = await api.run(ReleaseDocument, { id });
      if (release === null) throw notFound(`release "${reference}"`);
      return describeRelease(release);
    },
  );

  define<{ app: string; build: string; description?: string; idempotencyKey?: string } & OverrideFlags>(
    program,
    {
      usage: "releases:create",
      about: "Release a build to an app",
      examples: [
        "releases:create -a myapp-space-dev --build d4128fa1-ac32-4ae5-ba25-c16dd7415184",
        "releases:create -a myapp-space-prod -b d4128fa1-ac32-4ae5-ba25-c16dd7415184 --force --reason 'hotfix, QA is informed'",
      ],
      notes: ["Exit code 3 if required checks or other gates block the release."],
      options: [
        required(appOption()),
        required(option("-b, --build <id>", "the id of the build")),
        option("-d, --description <text>", "description of the release"),
        ...overrideOptions(),
        idempotencyOption(),
      ],
    },
    async ({ api, options: { app, build, description, force, reason, idempotencyKey } }) => {
      requireReason({ force, reason }, "release");
      const input = { app, build, description, force, reason, idempotencyKey };
      const override = `railyard releases:create ${["-a", app, "-b", build].map(shellQuote).join(" ")} --force --reason TEXT`;
      const { createRelease } = await api.run(CreateReleaseDocument, { input }).catch((error: unknown) => {
        throw error instanceof Blocked ? error.withHints({ build, override }) : error;
      });
      return describeRelease(createRelease.release);
    },
  );

  define<{ app: string; reason?: string; idempotencyKey?: string }>(
    program,
    {
      usage: "releases:rollback [release]",
      alias: "rollback",
      about: "Roll an app back to an earlier release",
      examples: ["rollback -a myapp-space-prod", "releases:rollback v7 -a myapp-space-prod --reason 'v8 leaks memory'"],
      notes: ["Without a release, rolls back to the newest successful release before the current one."],
      options: [required(appOption()), option("--reason <text>", "reason for the rollback"), idempotencyOption()],
    },
    async ({ api, args: [reference], options: { app, reason, idempotencyKey } }) => {
      const release = reference === undefined ? undefined : await findReleaseId(api, reference, app);
      return describeRelease(
        (await api.run(RollbackDocument, { input: { app, release, reason, idempotencyKey } })).rollback.release,
      );
    },
  );

  define<{
    context: string;
    state: StatusState;
    app?: string;
    targetUrl?: string;
    name?: string;
    description?: string;
  }>(
    program,
    {
      usage: "releases:status <release>",
      about: "Report a status check on a release",
      examples: [
        "releases:status current -a myapp-space-dev -c ci/build -s success",
        "releases:status 13616620-2cc5-4a61-851b-819c01734dad -c qa/smoke -s failure --target-url https://ci.example.com/7",
      ],
      notes: [NAMING],
      options: [
        required(option("-c, --context <context>", "the context of the check")),
        required(enumOption("-s, --state <state>", "the state of the check", STATUS_STATE_VALUES)),
        appOption(),
        option("--target-url <url>", "URL with details"),
        option("--name <name>", "display name of the check"),
        option("-d, --description <text>", "description of the result"),
      ],
    },
    async ({ api, args: [reference = ""], options: { app, context, state, targetUrl, name, description } }) => {
      const release = await findReleaseId(api, reference, app);
      const input = { release, context, state, targetUrl, name, description };
      const { status } = (await api.run(ReportStatusDocument, { input })).reportStatus;
      return {
        document: status,
        text: (screen) => {
          const { paint } = screen;
          const { app, version } = status.release ?? { app: null, version: "" };
          screen.line(
            `${appLabel(app, paint)} v${version}: ${check(status.context, status.state, paint)} ${status.state.toLowerCase()}`,
          );
        },
      };
    },
  );
}

function describeRelease(release: ReleaseFragment) {
  return { document: release, text: (screen: Parameters<typeof showRelease>[0]) => showRelease(screen, release) };
}
