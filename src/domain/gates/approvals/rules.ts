import type { Tx } from "../../../database/rows/tx.js";
import type { Stage } from "../../../entities/core/enums.js";
import { ApprovalRule } from "../../../entities/gates/approval-rule.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { Pipeline } from "../../../entities/pipelines/pipeline.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { append } from "../../../events/append.js";
import { changed } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import type { Ctx } from "../../core/context.js";
import { withIdempotency } from "../../core/idempotency.js";
import { LIMITS, parseId } from "../../core/input.js";
import { requireApp, requirePipeline } from "../../core/references.js";
import { badInput, conflict, notFound } from "../../core/refusal.js";
import { newId } from "../../core/values/id.js";
import { nextPosition } from "../../core/values/position.js";
import { clearWaiting } from "../../promotions/waiting/clear-waiting.js";
import { findLoosened } from "../strictness.js";
import {
  type ApprovalRuleFields,
  checkRule,
  DEFAULT_FIELDS,
  FORMATS,
  parseRuleFields,
  parseStage,
  RULE_STRICTNESS,
  type RuleFields,
} from "./rule-fields.js";
import { lockWithBuilds, voidUnqualified } from "./voiding.js";

/*
 * Creates, changes and deletes approval rules. Each holds the pipeline's lock, so no evaluation sees part of a change.
 */

export interface CreateApprovalRuleInput extends ApprovalRuleFields {
  readonly pipeline: string;
  readonly stage: Stage;
  readonly name: string;
  readonly idempotencyKey?: string | null;
}

/** Requires approvals in a stage. Promotions that already wait need them too. */
export async function createApprovalRule(ctx: Ctx, input: CreateApprovalRuleInput): Promise<ApprovalRule> {
  permit(ctx.viewer, "createApprovalRule");
  const stage = parseStage(input.stage);
  const fields = parseRuleFields(input);
  return withIdempotency(ctx, "createApprovalRule", input, ApprovalRule, async (tx) => {
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const appIds = input.apps == null ? null : await findApps(tx, pipeline, stage, input.apps);
    const now = ctx.now();
    const rule = Object.assign(new ApprovalRule(), {
      id: newId(),
      pipelineId: pipeline.id,
      stage,
      ...DEFAULT_FIELDS,
      ...fields,
      name: fields.name ?? "",
      appIds,
      ...{ position: 0, createdAt: now, updatedAt: now, deletedAt: null },
    });
    checkRule(rule);
    await refuseTaken(tx, rule);
    if ((await tx.count(ApprovalRule, { pipelineId: pipeline.id, deletedAt: null })) >= LIMITS.approvalRules) {
      throw conflict(
        `${pipeline.name} already has the maximum of ${LIMITS.approvalRules} approval rules. Delete one first.`,
      );
    }
    rule.position = await nextPosition(tx, "approval_rules");
    await tx.insert(ApprovalRule, [rule]);
    const summary = `Approval rule ${rule.name} of ${stage} of ${pipeline.name}: ${describe(rule)}`;
    await append(tx, ctx.viewer, now, [changed("APPROVAL_RULE_CREATED", rule, summary, { pipelineId: pipeline.id })]);
    return rule;
  });
}

export interface UpdateApprovalRuleInput extends ApprovalRuleFields {
  readonly rule: string;
}

/**
 * Changes the given fields of a rule. Approvals that no longer qualify stop counting.
 *
 * @throws Refusal FORBIDDEN if a field is loosened and the viewer is not ADMIN
 */
export async function updateApprovalRule(ctx: Ctx, input: UpdateApprovalRuleInput): Promise<ApprovalRule> {
  permit(ctx.viewer, "updateApprovalRule");
  const given = parseRuleFields(input);
  return ctx.db.write(async (tx) => {
    const { rule: before, pipeline } = await lockRule(tx, input.rule);
    if (before.deletedAt !== null) throw conflict("The approval rule was deleted.");
    const after = Object.assign(new ApprovalRule(), before, given);
    if (input.apps !== undefined) {
      after.appIds = input.apps === null ? null : await findApps(tx, pipeline, before.stage, input.apps);
    }
    checkRule(after);
    const fields = Object.keys(FORMATS) as (keyof RuleFields)[];
    const changes = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
    if (changes.length === 0) return before;
    if (findLoosened<Omit<RuleFields, "name">>(RULE_STRICTNESS, before, after).length > 0) {
      permit(ctx.viewer, "loosenApprovalRule");
    }
    if (after.name !== before.name) await refuseTaken(tx, after);
    await lockWithBuilds(tx, await tx.find(Promotion, { pipelineId: pipeline.id, phase: "WAITING" }));
    after.updatedAt = ctx.now();
    const { id, ...columns } = after;
    await tx.update(ApprovalRule, { id }, columns);
    const parts = changes.map((field) => describeChange(field, before, after));
    const summary = `Approval rule ${after.name} of ${after.stage} of ${pipeline.name}: ${parts.join(", ")}`;
    await append(tx, ctx.viewer, after.updatedAt, [
      changed("APPROVAL_RULE_UPDATED", after, summary, { pipelineId: pipeline.id }),
      ...(await voidUnqualified(tx, ctx, after)),
      ...(await clearWaiting(tx, ctx, { pipelines: [pipeline.id] })),
    ]);
    return after;
  });
}

/** Deletes a rule. Promotions that waited only for it start. Deleting it again changes nothing. */
export async function deleteApprovalRule(ctx: Ctx, input: { readonly rule: string }): Promise<ApprovalRule> {
  permit(ctx.viewer, "deleteApprovalRule");
  return ctx.db.write(async (tx) => {
    const { rule, pipeline } = await lockRule(tx, input.rule);
    if (rule.deletedAt !== null) return rule;
    rule.deletedAt = ctx.now();
    await tx.update(ApprovalRule, { id: rule.id }, { deletedAt: rule.deletedAt });
    const summary = `Approval rule ${rule.name} of ${rule.stage} of ${pipeline.name} deleted: ${describe(rule)}`;
    await append(tx, ctx.viewer, rule.deletedAt, [
      changed("APPROVAL_RULE_DELETED", rule, summary, { pipelineId: pipeline.id }),
      ...(await clearWaiting(tx, ctx, { pipelines: [pipeline.id] })),
    ]);
    return rule;
  });
}

/** Finds a rule, and locks its pipeline. */
async function lockRule(tx: Tx, id: string): Promise<{ rule: ApprovalRule; pipeline: Pipeline }> {
  const seen = await tx.scoped.first(ApprovalRule, { id: parseId("rule", id) });
  if (seen === null) throw notFound("rule", `approval rule ${id}`);
  await tx.lock(Pipeline, [seen.pipelineId], "change");
  const rule = await tx.first(ApprovalRule, { id: seen.id });
  const pipeline = await tx.first(Pipeline, { id: seen.pipelineId });
  if (rule === null || pipeline === null) throw notFound("rule", `approval rule ${id}`);
  return { rule, pipeline };
}

/** The ids of apps of a stage, in the order of their ids. */
async function findApps(tx: Tx, pipeline: Pipeline, stage: Stage, references: readonly string[]): Promise<string[]> {
  if (references.length < 1 || references.length > LIMITS.appsOfPipeline) {
    throw badInput("apps", `apps must name 1 to ${LIMITS.appsOfPipeline} apps, or be null for every app of the stage.`);
  }
  const ids: string[] = [];
  for (const [index, reference] of references.entries()) {
    const app = await requireApp(tx, `apps.${index}`, reference);
    const coupling = await tx.first(Coupling, { appId: app.id, pipelineId: pipeline.id, stage });
    if (coupling === null) {
      throw badInput(
        `apps.${index}`,
        `apps.${index} must be an app in ${stage} of ${pipeline.name}; ${app.name} is not.`,
      );
    }
    ids.push(app.id);
  }
  return [...new Set(ids)].sort();
}

async function refuseTaken(tx: Tx, { pipelineId, stage, name }: ApprovalRule): Promise<void> {
  if ((await tx.first(ApprovalRule, { pipelineId, stage, name, deletedAt: null })) === null) return;
  throw conflict(`There is an approval rule ${name} in ${stage} already.`);
}

function describe(rule: RuleFields): string {
  return `${rule.required} of ${FORMATS.approvers(rule.approvers)}`;
}

function describeChange<K extends keyof RuleFields>(field: K, before: RuleFields, after: RuleFields): string {
  return `${field === "appIds" ? "apps" : field} ${FORMATS[field](before[field])} → ${FORMATS[field](after[field])}`;
}
