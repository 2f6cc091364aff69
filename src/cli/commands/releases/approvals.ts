import type { Command } from "commander";
import {
  type ApprovalProgressFragment,
  ApprovePromotionDocument,
  AwaitingMyApprovalDocument,
  RejectPromotionDocument,
  type VoteFragment,
  WithdrawApprovalDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import { type CommandResult, define, limitOption, option, required } from "../../command.js";
import { describeApprovers } from "../../output/approvals.js";
import { lower, phase, shortSha } from "../../output/format.js";
import { noteMore } from "../../output/lists.js";
import { showPromotion } from "../../output/promotions.js";

const ID = "019ab3c4-5d6e-7f80-9123-456789abcdef";

interface VoteOptions {
  readonly rule?: string;
  readonly comment?: string;
}

/** Adds the commands that list promotions that wait for an approval, and vote on them. */
export function addApprovals(program: Command): void {
  define<{ limit: number }>(
    program,
    {
      usage: "approvals",
      about: "List the promotions that wait for an approval which you may give",
      examples: ["approvals", "approvals --json"],
      notes: ["Columns in a pipe: id, pipeline, to, source, version, commit, by, time, missing."],
      options: [limitOption(25)],
    },
    async ({ api, screen, options: { limit } }) => {
      const { nodes, more } = await list(api, AwaitingMyApprovalDocument, {}, limit);
      return {
        document: nodes,
        text: async () => {
          await screen.table(
            [
              { title: "Promotion", value: (one) => one.id, narrow: "whole" },
              { title: "Pipeline", value: (one) => one.pipeline?.name ?? "" },
              { title: "To", value: (one) => lower(one.to) },
              { title: "Source", value: (one) => one.source?.name ?? "", narrow: "left out" },
              { title: "Release", value: (one) => `v${one.release.version}` },
              { title: "Commit", value: (one) => one.build.commit.sha, shown: (one) => shortSha(one.build) },
              { title: "By", value: (one) => one.createdBy.name },
              {
                title: "Since",
                value: (one) => one.createdAt,
                shown: (one) => screen.time(one.createdAt),
                narrow: "left out",
              },
              { title: "Missing", value: (one) => describeProgress(one.approvalProgress), narrow: "left out" },
            ],
            nodes,
            "Nothing waits for your approval.",
          );
          noteMore(screen, more, limit);
        },
      };
    },
  );

  define<VoteOptions>(
    program,
    {
      usage: "approve <promotion>",
      about: "Approve a promotion that waits",
      examples: [`approve ${ID}`, `approve ${ID} --comment "QA has tested it"`],
      notes: [
        "Approves it under every rule under which you may, unless --rule names one. The approval that meets the last rule starts\n" +
          "the promotion, if nothing else blocks it.",
      ],
      options: [
        option("--rule <id>", "approve it under this rule only"),
        option("--comment <text>", "a comment; some rules require one"),
      ],
    },
    async ({ api, args: [promotion = ""], options: { rule, comment } }) => {
      const { approvePromotion } = await api.run(ApprovePromotionDocument, { input: { promotion, rule, comment } });
      return reportVote(approvePromotion.promotion);
    },
  );

  define<VoteOptions>(
    program,
    {
      usage: "reject <promotion>",
      about: "Reject a promotion that waits, which ends it for good",
      examples: [`reject ${ID} --comment "The migration is not ready"`],
      options: [
        option("--rule <id>", "reject it under this rule"),
        required(option("--comment <text>", "the reason, which is stored with the promotion")),
      ],
    },
    async ({ api, args: [promotion = ""], options: { rule, comment = "" } }) => {
      const { rejectPromotion } = await api.run(RejectPromotionDocument, { input: { promotion, rule, comment } });
      return reportVote(rejectPromotion.promotion);
    },
  );

  define(
    program,
    {
      usage: "approvals:withdraw <approval>",
      about: "Take your approval back while the promotion waits",
      examples: [`approvals:withdraw ${ID}`],
    },
    async ({ api, args: [approval = ""] }) => {
      const { withdrawApproval } = await api.run(WithdrawApprovalDocument, { input: { approval } });
      return {
        document: withdrawApproval.approval,
        text: (screen) => screen.line(`Withdrew the approval under ${withdrawApproval.approval.rule.name}.`),
      };
    },
  );
}

function reportVote(promotion: VoteFragment): CommandResult {
  return {
    document: promotion,
    text: (screen) => {
      showPromotion(screen, promotion, promotion.phase !== "WAITING");
      screen.line(`The promotion is ${phase(promotion.phase, screen.paint)}.`);
      const missing = describeProgress(promotion.approvalProgress);
      if (promotion.phase === "WAITING" && missing !== "") screen.line(`Missing: ${missing}.`);
    },
  };
}

/** `release managers: 1 of 2, from group qa`; rules that are met are left out. */
function describeProgress(progress: readonly ApprovalProgressFragment[]): string {
  return progress
    .filter(({ met }) => !met)
    .map(
      ({ rule, given, required, missing }) =>
        `${rule.name}: ${given} of ${required}, from ${describeApprovers(missing)}`,
    )
    .join("; ");
}
