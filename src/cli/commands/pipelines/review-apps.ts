import type { Command } from "commander";
import {
  CloseReviewAppDocument,
  OpenReviewAppDocument,
  type ReviewAppFragment,
  ReviewAppsDocument,
} from "../../api/generated.js";
import { define, option, required } from "../../command.js";
import { notFound, wrongUsage } from "../../exit.js";
import { appLabel, singleLine } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

export function addReviewApps(program: Command): void {
  define(
    program,
    {
      usage: "review-apps <pipeline>",
      about: "List the review apps of a pipeline",
      examples: ["review-apps shop", "review-apps shop --json"],
      notes: ["Columns in a pipe: pull request, app, branch, title, author, expiry, id of the app."],
    },
    async ({ api, args: [pipeline = ""], screen }) => {
      const { stage } = await api.run(ReviewAppsDocument, { pipeline });
      if (stage === null) throw notFound(`pipeline "${pipeline}"`);
      const nodes = stage.couplings.flatMap(({ app }) => (app.reviewApp === null ? [] : [app.reviewApp]));
      const { paint } = screen;
      return {
        document: nodes,
        text: () =>
          screen.table(
            [
              { title: "PR", value: (one) => String(one.pullRequest.number), narrow: "whole" },
              { title: "App", value: (one) => one.app.name, shown: (one) => appLabel(one.app, paint) },
              { title: "Branch", value: (one) => one.pullRequest.branch },
              { title: "Title", value: (one) => one.pullRequest.title ?? "", narrow: "left out" },
              { title: "Author", value: (one) => one.pullRequest.author ?? "", narrow: "left out" },
              { title: "Expires", value: (one) => one.expiresAt, shown: (one) => screen.time(one.expiresAt) },
              { title: "Id", value: (one) => one.app.id, only: "ids" },
            ],
            nodes,
            "No review apps. Open one with `railyard review-apps:open PIPELINE NUMBER --branch BRANCH`.",
          ),
      };
    },
  );

  define<{ branch: string; title?: string; author?: string; targetUrl?: string }>(
    program,
    {
      usage: "review-apps:open <pipeline> <number>",
      about: "Open a review app for a pull request",
      examples: ["review-apps:open shop 42 --branch feature/checkout"],
      options: [
        required(option("-b, --branch <branch>", "the source branch of the pull request")),
        option("--title <text>", "the title of the pull request"),
        option("--author <name>", "the author of the pull request"),
        option("--target-url <url>", "the URL of the pull request"),
      ],
    },
    async ({ api, args: [pipeline = "", number], options: { branch, title, author, targetUrl } }) => {
      const pullRequest = { number: parseNumber(number), branch, title, author, url: targetUrl };
      const { reviewApp } = (await api.run(OpenReviewAppDocument, { input: { pipeline, pullRequest } })).openReviewApp;
      return describe(reviewApp);
    },
  );

  define<ConfirmOptions>(
    program,
    {
      usage: "review-apps:close <pipeline> <number>",
      about: "Close the review app of a pull request and delete its app",
      examples: ["review-apps:close shop 42", "review-apps:close shop 42 --yes"],
      options: [yesOption()],
    },
    async ({ api, args: [pipeline = "", number], options }) => {
      const pullRequestNumber = parseNumber(number);
      await confirm(options, `Close the review app of pull request ${pullRequestNumber} in ${pipeline}?`);
      const { closeReviewApp } = await api.run(CloseReviewAppDocument, { input: { pipeline, pullRequestNumber } });
      return {
        document: closeReviewApp,
        text: (screen) => screen.line(`Closed the review app of pull request ${pullRequestNumber}.`),
      };
    },
  );
}

function parseNumber(text = ""): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw wrongUsage(`The pull request number must be an integer greater than 0; got "${text}".`);
}

function describe(reviewApp: ReviewAppFragment) {
  const { app, pipeline, pullRequest, createdAt, expiresAt } = reviewApp;
  return {
    document: reviewApp,
    text: (screen: Screen) =>
      screen.pairs([
        ["app", appLabel(app, screen.paint)],
        ["id", app.id],
        ["pipeline", `id=${pipeline.id}, name=${pipeline.name}`],
        ["pull_request", String(pullRequest.number)],
        ["branch", singleLine(pullRequest.branch)],
        ["created_at", screen.time(createdAt)],
        ["expires_at", screen.time(expiresAt)],
      ]),
  };
}
