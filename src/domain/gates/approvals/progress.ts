import sql from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import { checkRows, limitTo } from "../../../database/rows/row-budget.js";
import { Build } from "../../../entities/builds/build.js";
import { Approval } from "../../../entities/gates/approval.js";
import { ApprovalProgress } from "../../../entities/gates/approval-progress.js";
import { ApprovalRule } from "../../../entities/gates/approval-rule.js";
import type { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { groupBy } from "../../core/group-by.js";
import { covers } from "./approval-gate.js";
import { countApprovals, explainRefusal, toVoter, type Voter } from "./approvers.js";
import { findRules } from "./facts.js";

/**
 * The progress of promotions under each approval rule that covers them. For a waiting promotion these are the current
 * rules; afterwards also rules that were deleted since.
 *
 * @returns aligned with `promotions`
 */
export async function findProgress(
  reader: Reader,
  promotions: readonly Promotion[],
  now: Date,
): Promise<readonly (readonly ApprovalProgress[])[]> {
  const ids = promotions.map((promotion) => promotion.id);
  const approvals = await reader.find(Approval, { promotionId: ids, decision: "APPROVED", voidedAt: null });
  const live = await findRules(
    reader,
    promotions.map((promotion) => promotion.pipelineId),
  );
  const unknown = new Set(approvals.map(({ ruleId }) => ruleId).filter((id) => !live.some((rule) => rule.id === id)));
  const deleted = unknown.size === 0 ? [] : await reader.find(ApprovalRule, { id: [...unknown] });
  if (live.length === 0 && deleted.length === 0) return promotions.map(() => []);
  const found = await reader.select(
    "targets_of_promotions",
    PromotionTarget,
    sql`WHERE ${reader.dialect.oneOf(sql`e.promotion_id`, ids)} ${limitTo(reader.budget)}`,
  );
  const targets = groupBy(checkRows(reader.budget, found), ({ promotionId }) => promotionId);
  const approvalsByPromotion = groupBy(approvals, ({ promotionId }) => promotionId);
  const rulesByPipeline = groupBy(live, ({ pipelineId }) => pipelineId);
  const builds = new Map(
    (await reader.find(Build, { id: promotions.map(({ buildId }) => buildId) })).map((build) => [build.id, build]),
  );
  return promotions.map((promotion) => {
    const waits = promotion.phase === "WAITING";
    const given = (approvalsByPromotion.get(promotion.id) ?? []).filter(({ validUntil }) => !waits || validUntil > now);
    const apps = (targets.get(promotion.id) ?? []).map(({ appId }) => appId);
    const rules = [
      ...(rulesByPipeline.get(promotion.pipelineId) ?? []).filter(
        (rule) => rule.stage === promotion.to && apps.some((appId) => covers(rule, appId)),
      ),
      ...(waits ? [] : deleted.filter((rule) => given.some(({ ruleId }) => ruleId === rule.id))),
    ];
    return rules.map((rule) => {
      const mine = given.filter(({ ruleId }) => ruleId === rule.id);
      const build = builds.get(promotion.buildId) ?? null;
      return Object.assign(new ApprovalProgress(), countApprovals(rule, mine.map(toVoter)), {
        ...{ rule, promotion, build, approvals: mine },
      });
    });
  });
}

/** Why a voter may not vote, as a sentence; null if they may. */
export function explainWhyNot(
  { promotion, rule, build, approvals }: ApprovalProgress,
  voter: Voter | null,
): string | null {
  if (promotion.phase !== "WAITING") return `The promotion no longer waits: it is ${promotion.phase}.`;
  if (approvals.some((approval) => toVoter(approval).identity === voter?.identity))
    return "You have approved it already.";
  return explainRefusal(rule, voter, promotion, build);
}
