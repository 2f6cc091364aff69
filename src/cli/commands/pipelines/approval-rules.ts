import type { Command, Option } from "commander";
import {
  type ApprovalRuleFragment,
  ApprovalRulesDocument,
  type ApproverInput,
  CreateApprovalRuleDocument,
  DeleteApprovalRuleDocument,
  ROLE_VALUES,
  type Role,
  STAGE_VALUES,
  type Stage,
  UpdateApprovalRuleDocument,
} from "../../api/generated.js";
import { define, enumOption, listOption, option, required } from "../../command.js";
import { notFound, wrongUsage } from "../../exit.js";
import { describeApprovers } from "../../output/approvals.js";
import { lower, singleLine } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

const ID = "019ab3c4-5d6e-7f80-9123-456789abcdef";

interface RuleOptions {
  readonly required?: string;
  readonly approver?: string[];
  readonly app?: string[];
  readonly allowSelfApproval?: boolean;
  readonly commentRequired?: boolean;
  readonly validFor?: string;
}

const APPROVER_NOTE =
  "An approver is role:operator, group:NAME or person:NAME. A number and `*` in front say how many approvals must come from\n" +
  "it at least: 1*group:security. Without --approver, everybody with the OPERATOR role may approve.";

/** Adds the commands for the rules that require approvals. */
export function addApprovalRules(program: Command): void {
  define(
    program,
    {
      usage: "approvals:rules <pipeline>",
      about: "List the rules that require approvals in a pipeline",
      examples: ["approvals:rules myapp"],
      notes: ["Columns in a pipe: id, name, stage, required, approvers, apps (all if empty), valid for."],
    },
    async ({ api, args: [reference = ""] }) => {
      const { pipeline } = await api.run(ApprovalRulesDocument, { pipeline: reference });
      if (pipeline === null) throw notFound(`pipeline "${reference}"`);
      return {
        document: pipeline.approvalRules,
        text: (screen) =>
          screen.table(
            [
              { title: "Rule", value: (one) => one.id, narrow: "whole" },
              { title: "Name", value: (one) => singleLine(one.name) },
              { title: "Stage", value: (one) => lower(one.stage) },
              { title: "Required", value: (one) => String(one.required) },
              { title: "Approvers", value: (one) => describeApprovers(one.approvers) },
              { title: "Apps", value: (one) => appNames(one), narrow: "left out" },
              { title: "Valid for", value: (one) => one.validFor, narrow: "left out" },
            ],
            pipeline.approvalRules,
            "No rule requires approvals.",
          ),
      };
    },
  );

  define<RuleOptions & { stage: Stage }>(
    program,
    {
      usage: "approvals:rules:create <pipeline> <name>",
      about: "Require approvals of promotions into a stage",
      examples: [
        "approvals:rules:create myapp 'release managers' -s production --required 2 --approver group:release-managers",
        "approvals:rules:create myapp security -s production --approver 1*group:security --comment-required",
      ],
      notes: [APPROVER_NOTE],
      options: [
        required(enumOption("-s, --stage <stage>", "the stage: staging or production", STAGE_VALUES)),
        ...ruleOptions(),
      ],
    },
    async ({ api, args: [pipeline = "", name = ""], options: { stage, ...options } }) => {
      const input = { pipeline, name, stage, ...toFields(options) };
      const { createApprovalRule } = await api.run(CreateApprovalRuleDocument, { input });
      return { document: createApprovalRule.rule, text: (screen) => describeRule(screen, createApprovalRule.rule) };
    },
  );

  define<RuleOptions & { name?: string }>(
    program,
    {
      usage: "approvals:rules:update <rule>",
      about: "Change a rule that requires approvals; loosening it requires the ADMIN role",
      examples: [`approvals:rules:update ${ID} --required 3`],
      notes: [APPROVER_NOTE],
      options: [option("--name <name>", "the new name"), ...ruleOptions()],
    },
    async ({ api, args: [rule = ""], options: { name, ...options } }) => {
      const { updateApprovalRule } = await api.run(UpdateApprovalRuleDocument, {
        input: { rule, name, ...toFields(options) },
      });
      return { document: updateApprovalRule.rule, text: (screen) => describeRule(screen, updateApprovalRule.rule) };
    },
  );

  define<ConfirmOptions>(
    program,
    {
      usage: "approvals:rules:delete <rule>",
      about: "Delete a rule that requires approvals; requires the ADMIN role",
      examples: [`approvals:rules:delete ${ID} --yes`],
      notes: ["Promotions that waited for nothing else start at once."],
      options: [yesOption()],
    },
    async ({ api, args: [rule = ""], options }) => {
      await confirm(options, `Delete approval rule ${rule}? Promotions that wait for nothing else start at once.`);
      const { deleteApprovalRule } = await api.run(DeleteApprovalRuleDocument, { input: { rule } });
      return {
        document: deleteApprovalRule,
        text: (screen) => screen.line(`Deleted approval rule ${deleteApprovalRule.deletedRuleId}.`),
      };
    },
  );
}

function ruleOptions(): Option[] {
  return [
    option("--required <count>", "how many people must approve: 1 to 10"),
    listOption("--approver <approver...>", "who may approve"),
    listOption("-a, --app <app...>", "only these apps of the stage; all of them if left out"),
    option("--allow-self-approval", "let the person who promoted or registered the build approve"),
    option("--no-allow-self-approval", "do not let them approve"),
    option("--comment-required", "require a comment with each approval"),
    option("--no-comment-required", "do not require a comment"),
    option("--valid-for <duration>", "how long an approval counts, for example 72h"),
  ];
}

function toFields(options: RuleOptions) {
  const { required: count, approver, app, allowSelfApproval, commentRequired, validFor } = options;
  const number = count === undefined ? undefined : Number(count);
  if (number !== undefined && !Number.isInteger(number)) {
    throw wrongUsage(`--required must be a number from 1 to 10; got "${count}".`);
  }
  const approvers = approver?.map(parseApprover);
  return { required: number, approvers, apps: app, allowSelfApproval, commentRequired, validFor };
}

/** `1*group:security` */
function parseApprover(text: string): ApproverInput {
  const [, atLeast, kind, name = ""] = /^(?:(\d{1,2})\*)?(role|group|person):(.+)$/.exec(text) ?? [];
  const least = atLeast === undefined ? {} : { atLeast: Number(atLeast) };
  if (kind === "group") return { ...least, group: name };
  if (kind === "person") return { ...least, person: name };
  const role = name.toUpperCase() as Role;
  if (kind === "role" && (ROLE_VALUES as readonly string[]).includes(role)) return { ...least, role };
  throw wrongUsage(
    `--approver must be role:operator, group:NAME or person:NAME, with 2* in front or not; got "${text}".`,
  );
}

function appNames({ apps }: ApprovalRuleFragment): string {
  return apps === null ? "" : apps.map((app) => app.name).join(",");
}

function describeRule(screen: Screen, rule: ApprovalRuleFragment): void {
  screen.pairs([
    ["rule", rule.id],
    ["name", singleLine(rule.name)],
    ["stage", lower(rule.stage)],
    ["apps", rule.apps === null ? "all" : appNames(rule)],
    ["required", String(rule.required)],
    ["approvers", describeApprovers(rule.approvers)],
    ["self_approval", rule.allowSelfApproval ? "allowed" : "not allowed"],
    ["comment", rule.commentRequired ? "required" : "optional"],
    ["valid_for", rule.validFor],
  ]);
}
