import { Arg, Args, Ctx, FieldResolver, Mutation, Query, Resolver, Root } from "type-graphql";
import { viewerAsVoter } from "../../domain/gates/approvals/approvers.js";
import { countAwaiting, readAwaiting } from "../../domain/gates/approvals/awaiting.js";
import { explainWhyNot, findProgress } from "../../domain/gates/approvals/progress.js";
import * as votes from "../../domain/gates/approvals/votes.js";
import { Approval } from "../../entities/gates/approval.js";
import { ApprovalProgress } from "../../entities/gates/approval-progress.js";
import { ApprovalRule } from "../../entities/gates/approval-rule.js";
import { ApprovalEvent } from "../../entities/history/approval-event.js";
import { Promotion } from "../../entities/releases/promotion.js";
import {
  type Connection,
  connect,
  decodeCursor,
  encodeCursor,
  PageArgs,
  PromotionConnection,
  pageRequest,
} from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import {
  ApprovePromotionInput,
  RejectPromotionInput,
  WithdrawApprovalInput,
} from "../../schema/inputs/gates/approvals.js";
import {
  ApprovePromotionPayload,
  RejectPromotionPayload,
  WithdrawApprovalPayload,
} from "../../schema/payloads/approvals.js";
import { requiresRole } from "../../schema/roles.js";
import { PROMOTIONS_OLDEST_FIRST } from "../lists.js";
import { requireRow } from "../relations.js";

@Resolver(() => Approval)
export class ApprovalResolver {
  @FieldResolver(() => ApprovalRule, {
    description: "The rule under which it was given, even if the rule was deleted.",
  })
  async rule(@Root() { ruleId }: Approval, @Ctx() ctx: Context): Promise<ApprovalRule> {
    return requireRow(ctx, await ctx.loaders.approvalRule.load(ruleId), "approval rule", ruleId);
  }

  @FieldResolver(() => Promotion, { description: "The promotion." })
  async promotion(@Root() { promotionId }: Approval, @Ctx() ctx: Context): Promise<Promotion> {
    return requireRow(ctx, await ctx.loaders.promotion.load(promotionId), "promotion", promotionId);
  }

  @Query(() => PromotionConnection, {
    description:
      "Lists the promotions that wait for an approval which the viewer may give, oldest first. A page evaluates at most 1,000 promotions that wait under approval rules. If fewer of them match than were requested, `hasNextPage` is true, and the next page, after `endCursor`, continues behind them; the page may be empty.",
  })
  async awaitingMyApproval(@Ctx() ctx: Context, @Args(() => PageArgs) args: PageArgs): Promise<Connection<Promotion>> {
    const request = pageRequest(args, decodeCursor(PROMOTIONS_OLDEST_FIRST));
    const from = request.from === null ? null : Number(request.from);
    const page = await ctx.inTurn(() => readAwaiting(ctx, { ...request, from }));
    const totalCount = () => ctx.inTurn(() => countAwaiting(ctx));
    const connection = connect(
      ctx.db.reader,
      PROMOTIONS_OLDEST_FIRST,
      [],
      { ...request, from: null },
      page,
      totalCount,
    );
    const { pageInfo } = connection;
    // The other side of the page: at the position, or past it.
    const { backward } = request;
    const beside = async (position: number) => {
      const side = { size: 0, backward: !backward, from: position + (backward ? -1 : 1) };
      return (await ctx.inTurn(() => readAwaiting(ctx, side))).more;
    };
    if (from !== null) pageInfo[backward ? "hasNextPage" : "hasPreviousPage"] = () => beside(from);
    if (page.evaluatedTo !== null) {
      pageInfo[backward ? "startCursor" : "endCursor"] = encodeCursor(PROMOTIONS_OLDEST_FIRST, page.evaluatedTo);
    }
    return connection;
  }

  @Mutation(() => ApprovePromotionPayload, {
    nullable: true,
    description: `Approves a waiting promotion. The approval that satisfies the last rule starts the promotion, unless something else blocks it. Approving again returns the first approval. The rules decide who may approve. ${requiresRole("approvePromotion")}`,
  })
  async approvePromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => ApprovePromotionInput, { description: "Input for approvePromotion." })
    input: ApprovePromotionInput,
  ): Promise<ApprovePromotionPayload> {
    return ctx.mutate((ctx) => votes.approvePromotion(ctx, input));
  }

  @Mutation(() => RejectPromotionPayload, {
    nullable: true,
    description: `Rejects a waiting promotion, which ends it permanently. The rules decide who may reject. ${requiresRole("approvePromotion")}`,
  })
  async rejectPromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => RejectPromotionInput, { description: "Input for rejectPromotion." })
    input: RejectPromotionInput,
  ): Promise<RejectPromotionPayload> {
    return ctx.mutate((ctx) => votes.rejectPromotion(ctx, input));
  }

  @Mutation(() => WithdrawApprovalPayload, {
    nullable: true,
    description: `Withdraws the viewer's approval while the promotion is waiting. ${requiresRole("approvePromotion")}`,
  })
  async withdrawApproval(
    @Ctx() ctx: Context,
    @Arg("input", () => WithdrawApprovalInput, { description: "Input for withdrawApproval." })
    input: WithdrawApprovalInput,
  ): Promise<WithdrawApprovalPayload> {
    return { approval: await ctx.mutate((ctx) => votes.withdrawApproval(ctx, input)) };
  }
}

@Resolver(() => Promotion)
export class PromotionApprovalsResolver {
  @FieldResolver(() => [Approval], {
    description: "The decisions about the promotion in the order in which they were made, including voided ones.",
  })
  approvals(@Root() { id }: Promotion, @Ctx() ctx: Context): Promise<readonly Approval[]> {
    return ctx.loaders.approvalsOfPromotion.load(id);
  }

  @FieldResolver(() => [ApprovalProgress], {
    description: "The progress of its approval, under each rule that covers it.",
  })
  approvalProgress(@Root() promotion: Promotion, @Ctx() ctx: Context): Promise<readonly ApprovalProgress[]> {
    return ctx.loaders.computed.load(findProgress, promotion);
  }
}

@Resolver(() => ApprovalProgress)
export class ApprovalProgressResolver {
  @FieldResolver(() => Boolean, { description: "Whether the viewer may approve it under this rule now." })
  viewerMayVote(@Root() progress: ApprovalProgress, @Ctx() { viewer }: Context): boolean {
    return explainWhyNot(progress, viewerAsVoter(viewer)) === null;
  }

  @FieldResolver(() => String, { nullable: true, description: "Why the viewer may not approve it; null if they may." })
  viewerMayNotBecause(@Root() progress: ApprovalProgress, @Ctx() { viewer }: Context): string | null {
    return explainWhyNot(progress, viewerAsVoter(viewer));
  }
}

@Resolver(() => ApprovalEvent)
export class ApprovalEventResolver {
  @FieldResolver(() => Promotion, { description: "The promotion in its current state." })
  async promotion(@Root() { promotionId }: ApprovalEvent, @Ctx() ctx: Context): Promise<Promotion> {
    return requireRow(ctx, await ctx.loaders.promotion.load(promotionId), "promotion", promotionId);
  }

  @FieldResolver(() => Approval, { description: "The approval or rejection in its current state." })
  async approval(@Root() { detail }: ApprovalEvent, @Ctx() ctx: Context): Promise<Approval> {
    return requireRow(ctx, await ctx.loaders.approval.load(detail.approvalId), "approval", detail.approvalId);
  }

  @FieldResolver(() => ApprovalRule, { description: "The rule, even if it was deleted since." })
  async rule(@Root() { detail }: ApprovalEvent, @Ctx() ctx: Context): Promise<ApprovalRule> {
    return requireRow(ctx, await ctx.loaders.approvalRule.load(detail.ruleId), "approval rule", detail.ruleId);
  }
}
