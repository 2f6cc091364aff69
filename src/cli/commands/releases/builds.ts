import type { Command } from "commander";
import {
  BUILD_PHASE_VALUES,
  type BuildFragment,
  BuildsDocument,
  CreateBuildDocument,
  ReportBuildStatusDocument,
  STATUS_STATE_VALUES,
  type StatusState,
  UpdateBuildDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import {
  define,
  enumOption,
  idempotencyOption,
  integerOption,
  limitOption,
  listOption,
  option,
  required,
} from "../../command.js";
import { wrongUsage } from "../../exit.js";
import { check, formatRepository, lower, phase, shortSha, singleLine } from "../../output/format.js";
import { noteMore } from "../../output/lists.js";
import type { Screen } from "../../output/screen.js";

export function addBuilds(program: Command): void {
  define<{ repository?: string; branch?: string; sha?: string; limit: number }>(
    program,
    {
      usage: "builds",
      about: "List builds, newest first",
      examples: ["builds", "builds --repository acme/shop --branch main", "builds --sha 4f3c2a1 --json"],
      notes: ["Columns in a pipe: id, phase, repository, branch, commit, artifact, time, component, sequence."],
      options: [
        option("-r, --repository <repository>", "only builds of this repository"),
        option("-b, --branch <branch>", "only builds of this branch"),
        option("--sha <sha>", "only builds of this commit"),
        limitOption(25),
      ],
    },
    async ({ api, screen, options: { repository, branch, sha, limit } }) => {
      const { nodes, more } = await list(api, BuildsDocument, { repository, branch, sha }, limit);
      const { paint } = screen;
      return {
        document: nodes,
        text: async () => {
          await screen.table(
            [
              { title: "Build", value: (one) => one.id, narrow: "whole", only: "ids" },
              { title: "Phase", value: (one) => one.phase.toLowerCase(), shown: (one) => phase(one.phase, paint) },
              {
                title: "Repository",
                value: (one) => one.repository,
                shown: (one) => formatRepository(one.repository, one.component),
              },
              { title: "Branch", value: (one) => one.branch ?? "", narrow: "left out" },
              { title: "Commit", value: (one) => one.commit.sha, shown: (one) => paint.yellow(shortSha(one)) },
              { title: "Artifact", value: (one) => one.artifact ?? "", narrow: "left out" },
              { title: "Created", value: (one) => one.createdAt, shown: (one) => screen.time(one.createdAt) },
              { title: "Component", value: (one) => one.component ?? "", only: "pipe" },
              { title: "Sequence", value: (one) => String(one.sequence ?? ""), only: "pipe" },
            ],
            nodes,
            "No builds found. Create one with `railyard builds:create`.",
          );
          noteMore(screen, more, limit);
        },
      };
    },
  );

  define<{
    repository: string;
    sha: string;
    artifact?: string;
    phase?: BuildFragment["phase"];
    idempotencyKey?: string;
    branch?: string;
    message?: string;
    author?: string;
    checksum?: string;
    component?: string;
    sequence?: number;
    requiresConfig?: string[];
  }>(
    program,
    {
      usage: "builds:create",
      about: "Create a build",
      examples: [
        "builds:create --repository acme/shop --sha 4f3c2a1d --artifact registry.example.com/shop:4f3c2a1d",
        'builds:create --repository acme/shop --sha "$GIT_SHA" --branch main --artifact "$IMAGE" --json',
        'builds:create --repository acme/shop --component api --sequence "$GITHUB_RUN_NUMBER" --sha "$GIT_SHA" --artifact "$IMAGE"',
      ],
      options: [
        required(option("-r, --repository <repository>", "the repository, for example github.com/acme/shop")),
        required(option("--sha <sha>", "the commit hash")),
        option("--artifact <artifact>", "the artifact, for example an image reference; required for succeeded"),
        enumOption("--phase <phase>", "the phase of the build; succeeded if omitted", BUILD_PHASE_VALUES),
        option("-b, --branch <branch>", "the branch of the commit"),
        option("--component <name>", "the part of a monorepo that was built"),
        integerOption("--sequence <number>", "the run number of CI, which orders the builds", 0),
        option("-m, --message <text>", "the commit message"),
        option("--author <name>", "the commit author"),
        option("--checksum <digest>", "the digest of the artifact, for example sha256:…"),
        listOption(
          "--requires-config <key...>",
          "config vars that an app must have before the build is promoted to it",
        ),
        idempotencyOption(),
      ],
    },
    async ({ api, options }) => {
      const { repository, component, branch, sequence, sha, message, author } = options;
      const { artifact, phase, checksum, requiresConfig, idempotencyKey } = options;
      if (artifact === undefined && (phase ?? "SUCCEEDED") === "SUCCEEDED") {
        throw wrongUsage("--artifact is required for a succeeded build; for a running one, use --phase pending.");
      }
      const commit = { sha, message, author };
      const identity = { repository, component, branch, sequence, commit, idempotencyKey };
      const input = { ...identity, artifact, phase, checksum, requiredConfig: requiresConfig };
      const { build } = (await api.run(CreateBuildDocument, { input })).createBuild;
      return describeBuild(build);
    },
  );

  define<{ phase: BuildFragment["phase"]; artifact?: string; checksum?: string }>(
    program,
    {
      usage: "builds:update <build>",
      about: "Report the result of a pending build",
      examples: [
        "builds:update 019ab3c4-5d6e-7f80-9123-456789abcdef --phase succeeded --artifact registry.example.com/shop:4f3c2a1d",
        "builds:update 019ab3c4-5d6e-7f80-9123-456789abcdef --phase failed",
      ],
      options: [
        required(enumOption("--phase <phase>", "the phase of the build", BUILD_PHASE_VALUES)),
        option("--artifact <artifact>", "the artifact; required for succeeded"),
        option("--checksum <digest>", "the digest of the artifact, for example sha256:…"),
      ],
    },
    async ({ api, args: [build = ""], options: { phase, artifact, checksum } }) =>
      describeBuild(
        (await api.run(UpdateBuildDocument, { input: { build, phase, artifact, checksum } })).updateBuild.build,
      ),
  );

  define<{ context: string; state: StatusState; targetUrl?: string; name?: string; description?: string }>(
    program,
    {
      usage: "builds:status <build>",
      about: "Report a status check on a build; it applies to all releases of the build",
      examples: ["builds:status 019ab3c4-5d6e-7f80-9123-456789abcdef -c ci/test -s success"],
      options: [
        required(option("-c, --context <context>", "the context of the check")),
        required(enumOption("-s, --state <state>", "the state of the check", STATUS_STATE_VALUES)),
        option("--target-url <url>", "URL with details"),
        option("--name <name>", "display name of the check"),
        option("-d, --description <text>", "description of the result"),
      ],
    },
    async ({ api, args: [build = ""], options: { context, state, targetUrl, name, description } }) => {
      const input = { build, context, state, targetUrl, name, description };
      const { status } = (await api.run(ReportBuildStatusDocument, { input })).reportStatus;
      return {
        document: status,
        text: (screen) => {
          const result = `${check(status.context, status.state, screen.paint)} ${lower(status.state)}`;
          screen.line(`build ${status.build.id}: ${result}`);
        },
      };
    },
  );
}

/** A build as commands print it. */
export function describeBuild(build: BuildFragment) {
  return {
    document: build,
    text: (screen: Screen) =>
      screen.pairs([
        ["build", build.id],
        ["phase", phase(build.phase, screen.paint)],
        ["repository", build.repository],
        ["component", singleLine(build.component ?? "")],
        ["branch", singleLine(build.branch ?? "")],
        ["sequence", String(build.sequence ?? "")],
        ["commit", build.commit.sha],
        ["artifact", singleLine(build.artifact ?? "")],
        ["created_at", screen.time(build.createdAt)],
      ]),
  };
}
