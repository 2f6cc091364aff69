import type { Reader } from "../../../database/rows/reader.js";
import { Approval } from "../../../entities/gates/approval.js";
import { ApprovalRule } from "../../../entities/gates/approval-rule.js";
import type { Fact } from "../gate.js";
import { APPROVAL_STAGES } from "./rule-fields.js";

/** The approval rules of pipelines, in the order in which they were created. */
export async function findRules(reader: Reader, pipelineIds: readonly string[]): Promise<ApprovalRule[]> {
  if (pipelineIds.length === 0) return [];
  const rules = await reader.find(ApprovalRule, { pipelineId: [...new Set(pipelineIds)], deletedAt: null });
  return rules.sort((a, b) => a.position - b.position);
}

/** The rules of the stage that a subject goes to. */
export const rulesFact: Fact<readonly ApprovalRule[]> = {
  name: "approval rules",
  async load(reader, subjects) {
    // Subjects of other stages need no statement. Automatic deploys are frequent.
    const governed = subjects.filter(({ to }) => to !== null && APPROVAL_STAGES.includes(to));
    const rules = await findRules(
      reader,
      governed.map(({ pipeline }) => pipeline.id),
    );
    return subjects.map(({ pipeline, to }) =>
      rules.filter((rule) => rule.pipelineId === pipeline.id && rule.stage === to),
    );
  },
};

/** The approvals of a promotion that count; only loaded where a rule requires some. */
export const approvalsFact: Fact<readonly Approval[]> = {
  name: "approvals",
  async load(reader, subjects, now, other) {
    const rules = await other(rulesFact);
    const ids = subjects.flatMap(({ promotion }, index) =>
      promotion != null && (rules[index] ?? []).length > 0 ? promotion.id : [],
    );
    const found =
      ids.length === 0 ? [] : await reader.find(Approval, { promotionId: ids, decision: "APPROVED", voidedAt: null });
    const counting = found.filter((approval) => approval.validUntil > now);
    return subjects.map(({ promotion }) => counting.filter(({ promotionId }) => promotionId === promotion?.id));
  },
};
