import type { Command } from "commander";
import { CREATE_BUILD } from "../api/mutations.js";
import { BUILDS } from "../api/queries.js";
import { head } from "../api/references.js";
import { define, limitOption, option, required } from "../command.js";
import { phase, shortSha, singleLine } from "../output/format.js";
import { noteMore } from "../output/lists.js";

export function addBuilds(program: Command): void {
  define<{ repository?: string; branch?: string; sha?: string; limit: number }>(
    program,
    {
      usage: "builds",
      about: "List builds, the newest first",
      examples: ["builds", "builds --repository acme/shop --branch main", "builds --sha 4f3c2a1 --json"],
      notes: ["In a pipe the columns are: id, phase, repository, branch, commit, artifact, time."],
      options: [
        option("-r, --repository <repository>", "only those of this codebase"),
        option("-b, --branch <branch>", "only those of this branch"),
        option("--sha <sha>", "only those of this commit"),
        limitOption(25),
      ],
    },
    async ({ api, screen, options: { repository, branch, sha, limit } }) => {
      const { nodes, more } = await head(api, BUILDS, { repository, branch, sha }, limit);
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
            "There are no such builds; `railyard builds:create` reports one.",
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
      about: "Report a build that has succeeded",
      examples: [
        "builds:create --repository acme/shop --sha 4f3c2a1d --artifact registry.example.com/shop:4f3c2a1d",
        'builds:create --repository acme/shop --sha "$GIT_SHA" --branch main --artifact "$IMAGE" --json',
      ],
      options: [
        required(option("-r, --repository <repository>", "the codebase, as github.com/acme/shop")),
        required(option("--sha <sha>", "the commit's hash")),
        required(option("--artifact <artifact>", "where the artifact is, for example an image")),
        option("-b, --branch <branch>", "the branch it was made from"),
        option("-m, --message <text>", "the commit's message"),
        option("--author <name>", "the commit's author"),
        option("--checksum <digest>", "the artifact's digest, as sha256:…"),
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
