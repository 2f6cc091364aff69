import type { Command } from "commander";
import { CREATE_BUILD } from "../api/mutations.js";
import { BUILDS } from "../api/queries.js";
import { list } from "../api/references.js";
import { define, limitOption, option, required } from "../command.js";
import { phase, shortSha, singleLine } from "../output/format.js";
import { noteMore } from "../output/lists.js";

export function addBuilds(program: Command): void {
  define<{ repository?: string; branch?: string; sha?: string; limit: number }>(
    program,
    {
      usage: "builds",
      about: "List builds, newest first",
      examples: ["builds", "builds --repository acme/shop --branch main", "builds --sha 4f3c2a1 --json"],
      notes: ["Columns in a pipe: id, phase, repository, branch, commit, artifact, time."],
      options: [
        option("-r, --repository <repository>", "only builds of this repository"),
        option("-b, --branch <branch>", "only builds of this branch"),
        option("--sha <sha>", "only builds of this commit"),
        limitOption(25),
      ],
    },
    async ({ api, screen, options: { repository, branch, sha, limit } }) => {
      const { nodes, more } = await list(api, BUILDS, { repository, branch, sha }, limit);
      const { paint } = screen;
      return {
        document: nodes,
        text: async () => {
          await screen.table(
            [
              { title: "Build", value: (one) => one.id, narrow: "whole" },
              { title: "Phase", value: (one) => one.phase.toLowerCase(), shown: (one) => phase(one.phase, paint) },
              { title: "Repository", value: (one) => one.repository },
              { title: "Branch", value: (one) => one.branch ?? "", narrow: "left out" },
              { title: "Commit", value: (one) => one.commit.sha, shown: (one) => paint.yellow(shortSha(one)) },
              { title: "Artifact", value: (one) => one.artifact ?? "", narrow: "left out" },
              { title: "Created", value: (one) => one.createdAt, shown: (one) => screen.time(one.createdAt) },
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
    artifact: string;
    branch?: string;
    message?: string;
    author?: string;
    checksum?: string;
  }>(
    program,
    {
      usage: "builds:create",
      about: "Create a successful build",
      examples: [
        "builds:create --repository acme/shop --sha 4f3c2a1d --artifact registry.example.com/shop:4f3c2a1d",
        'builds:create --repository acme/shop --sha "$GIT_SHA" --branch main --artifact "$IMAGE" --json',
      ],
      options: [
        required(option("-r, --repository <repository>", "the repository, for example github.com/acme/shop")),
        required(option("--sha <sha>", "the commit hash")),
        required(option("--artifact <artifact>", "the artifact, for example an image reference")),
        option("-b, --branch <branch>", "the branch of the commit"),
        option("-m, --message <text>", "the commit message"),
        option("--author <name>", "the commit author"),
        option("--checksum <digest>", "the digest of the artifact, for example sha256:…"),
      ],
    },
    async ({ api, options: { repository, sha, artifact, branch, message, author, checksum } }) => {
      const input = { repository, artifact, branch, checksum, commit: { sha, message, author } };
      const { build } = (await api.run(CREATE_BUILD, { input })).createBuild;
      return {
        document: build,
        text: (screen) =>
          screen.pairs([
            ["build", build.id],
            ["phase", phase(build.phase, screen.paint)],
            ["repository", build.repository],
            ["branch", singleLine(build.branch ?? "")],
            ["commit", build.commit.sha],
            ["artifact", singleLine(build.artifact ?? "")],
            ["created_at", screen.time(build.createdAt)],
          ]),
      };
    },
  );
}
