import type { ApprovalRule } from "../../../entities/gates/approval-rule.js";
import { createBlocker } from "../blocker.js";
import { defineGate, InvalidFact } from "../gate.js";
import { countApprovals, toVoter } from "./approvers.js";
import { approvalsFact, rulesFact } from "./facts.js";
import { isEvaluable } from "./rule-fields.js";

/**
 * Blocks until every rule that covers a target is met. Only a promotion can be approved, so a direct release has no
 * approvals.
 */
export const approvalGate = defineGate({
  name: "approvals",
  facts: { rules: rulesFact, approvals: approvalsFact },
  evaluate(_now, { way, targets, promotion }, { rules, approvals }) {
    // Approvals are for the whole promotion. Later waves need no further approvals.
    if (promotion?.phase === "IN_PROGRESS") return [];
    return rules.flatMap((rule) => {
      const covered = targets.filter(({ app }) => covers(rule, app.id));
      if (covered.length === 0) return [];
      if (!isEvaluable(rule)) throw new InvalidFact(`the approval rule ${rule.name} is invalid`);
      const voters = approvals.filter(({ ruleId }) => ruleId === rule.id).map(toVoter);
      const { met, given } = countApprovals(rule, voters);
      if (met) return [];
      const needs = `${rule.required} ${rule.required === 1 ? "approval" : "approvals"} under ${rule.name}`;
      return covered.map(({ app }) =>
        way === "PROMOTION"
          ? createBlocker({
              code: "APPROVAL_REQUIRED",
              message: `${app.name} requires ${needs}; ${given} ${given === 1 ? "counts" : "count"}.`,
              ...{ app, cause: rule, remedies: ["APPROVE", "FORCE"] },
            })
          : createBlocker({
              code: "APPROVAL_REQUIRED",
              message: `${app.name} requires ${needs}, which only a promotion can have.`,
              ...{ app, cause: rule, remedies: ["FORCE"] },
            }),
      );
    });
  },
});

/** Whether a rule applies to an app of its stage. */
export function covers({ appIds }: Pick<ApprovalRule, "appIds">, appId: string): boolean {
  return appIds === null || appIds.includes(appId);
}
