import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import * as rules from "../../domain/gates/approvals/rules.js";
import { Stage } from "../../entities/core/enums.js";
import { ApprovalRule } from "../../entities/gates/approval-rule.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Context } from "../../schema/context.js";
import {
  CreateApprovalRuleInput,
  DeleteApprovalRuleInput,
  UpdateApprovalRuleInput,
} from "../../schema/inputs/gates/approvals.js";
import {
  CreateApprovalRulePayload,
  DeleteApprovalRulePayload,
  UpdateApprovalRulePayload,
} from "../../schema/payloads/approvals.js";
import { requiresRole } from "../../schema/roles.js";
import { loadPipeline } from "../relations.js";

@Resolver(() => ApprovalRule)
export class ApprovalRuleResolver {
  @FieldResolver(() => Pipeline, { description: "The pipeline." })
  pipeline(@Root() { pipelineId }: ApprovalRule, @Ctx() ctx: Context): Promise<Pipeline> {
    return loadPipeline(ctx, pipelineId);
  }

  @FieldResolver(() => [App], {
    nullable: true,
    description: "The apps that it covers, except deleted ones; null for every app of the stage.",
  })
  async apps(@Root() { appIds }: ApprovalRule, @Ctx() ctx: Context): Promise<App[] | null> {
    if (appIds === null) return null;
    const apps = await Promise.all(appIds.map((id) => ctx.loaders.app.load(id)));
    return apps.filter((app) => app !== null && app.deletedAt === null) as App[];
  }

  @Mutation(() => CreateApprovalRulePayload, {
    nullable: true,
    description: `Creates a rule that requires approvals for promotions into a stage. ${requiresRole("createApprovalRule")}`,
  })
  async createApprovalRule(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateApprovalRuleInput, { description: "Input for createApprovalRule." })
    input: CreateApprovalRuleInput,
  ): Promise<CreateApprovalRulePayload> {
    return { rule: await ctx.mutate((ctx) => rules.createApprovalRule(ctx, input)) };
  }

  @Mutation(() => UpdateApprovalRulePayload, {
    nullable: true,
    description: `Updates an approval rule. Approvals that the updated rule does not accept stop counting. ${requiresRole("updateApprovalRule")} ${requiresRole("loosenApprovalRule", "Loosening a field")}`,
  })
  async updateApprovalRule(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateApprovalRuleInput, { description: "Input for updateApprovalRule." })
    input: UpdateApprovalRuleInput,
  ): Promise<UpdateApprovalRulePayload> {
    return { rule: await ctx.mutate((ctx) => rules.updateApprovalRule(ctx, input)) };
  }

  @Mutation(() => DeleteApprovalRulePayload, {
    nullable: true,
    description: `Deletes an approval rule. Promotions that were waiting only for this rule start. ${requiresRole("deleteApprovalRule")}`,
  })
  async deleteApprovalRule(
    @Ctx() ctx: Context,
    @Arg("input", () => DeleteApprovalRuleInput, { description: "Input for deleteApprovalRule." })
    input: DeleteApprovalRuleInput,
  ): Promise<DeleteApprovalRulePayload> {
    const { id } = await ctx.mutate((ctx) => rules.deleteApprovalRule(ctx, input));
    return { deletedRuleId: id };
  }
}

@Resolver(() => Pipeline)
export class PipelineApprovalRulesResolver {
  @FieldResolver(() => [ApprovalRule], {
    description: "The rules that require approvals, in the order in which they were created.",
  })
  async approvalRules(
    @Root() { id }: Pipeline,
    @Ctx() ctx: Context,
    @Arg("stage", () => Stage, { nullable: true, description: "Only rules of this stage." }) stage: Stage | null,
  ): Promise<ApprovalRule[]> {
    const rules = await ctx.loaders.approvalRulesOfPipeline.load(id);
    return rules.filter((rule) => rule.deletedAt === null && (stage == null || rule.stage === stage));
  }
}
