import { effectiveStatuses } from "../../../database/queries/effective-statuses.js";
import type { Tx } from "../../../database/rows/tx.js";
import { Token } from "../../../entities/access/token.js";
import { Build } from "../../../entities/builds/build.js";
import { toActorColumns } from "../../../entities/core/actor-columns.js";
import type { ApprovalDecision } from "../../../entities/core/enums.js";
import { Approval } from "../../../entities/gates/approval.js";
import { ApprovalRule } from "../../../entities/gates/approval-rule.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { Release } from "../../../entities/releases/release.js";
import { append } from "../../../events/append.js";
import { approvalChanged, type EventDraft } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import { isValid } from "../../access/credentials.js";
import type { Ctx, TxCtx } from "../../core/context.js";
import { LIMITS, optional, parseId, parseText } from "../../core/input.js";
import { requirePromotion } from "../../core/references.js";
import { badInput, conflict, notFound, Refusal } from "../../core/refusal.js";
import { newId } from "../../core/values/id.js";
import { nextPositions } from "../../core/values/position.js";
import { transactionTime } from "../../core/values/time.js";
import { clearWaiting } from "../../promotions/waiting/clear-waiting.js";
import { endWaiting } from "../../promotions/waiting/ending.js";
import { covers } from "./approval-gate.js";
import { explainRefusal, toVoter, type Voter, viewerAsVoter } from "./approvers.js";
import { findRules } from "./facts.js";
import { lockWithBuilds, voidApprovals } from "./voiding.js";

/*
 * Votes on waiting promotions. A vote locks the promotion, and so do its cancellation, expiry and admission. If two
 * happen at once, the second one sees the result of the first.
 */

export interface VoteInput {
  readonly promotion: string;
  /** The rule to vote under; null or undefined for every rule under which the viewer may vote. */
  readonly rule?: string | null;
  readonly comment?: string | null;
}

export interface Voted {
  readonly promotion: Promotion;
  readonly approvals: readonly Approval[];
}

/**
 * Approves a waiting promotion. The approval that meets the last rule starts it, if nothing else blocks it. Approving
 * it again returns the first approval.
 *
 * @throws Refusal FORBIDDEN if the viewer may not vote; CONFLICT if the promotion does not wait any more
 */
export async function approvePromotion(ctx: Ctx, input: VoteInput): Promise<Voted> {
  permit(ctx.viewer, "approvePromotion");
  const comment = parseComment(input.comment);
  return vote(ctx, input, "APPROVED", async (tx, promotion, rules) => {
    if (comment === null && rules.some((rule) => rule.commentRequired)) {
      throw badInput("comment", `comment is required by ${rules.find((rule) => rule.commentRequired)?.name}.`);
    }
    const approvals = await record(tx, ctx, promotion, rules, "APPROVED", comment);
    return { approvals, effects: () => clearWaiting(tx, ctx, { promotion: promotion.id }) };
  });
}

/**
 * Rejects a waiting promotion, which ends it permanently.
 *
 * @throws Refusal FORBIDDEN if the viewer may not vote; CONFLICT if the promotion does not wait any more
 */
export async function rejectPromotion(ctx: Ctx, input: VoteInput): Promise<Voted> {
  permit(ctx.viewer, "approvePromotion");
  const comment = parseComment(input.comment);
  if (comment === null) throw badInput("comment", "comment must say why the promotion is rejected.");
  return vote(ctx, input, "REJECTED", async (tx, promotion, rules) => {
    const approvals = await record(tx, ctx, promotion, rules.slice(0, 1), "REJECTED", comment);
    const end = { phase: "REJECTED", by: ctx.viewer, reason: comment } as const;
    return { approvals, effects: () => endWaiting(tx, ctx, promotion, end) };
  });
}

/**
 * Takes an approval back while the promotion waits. Withdrawing it again changes nothing.
 *
 * @throws Refusal FORBIDDEN if another person gave it; CONFLICT if the promotion no longer waits, or the approval was
 *   voided
 */
export async function withdrawApproval(ctx: Ctx, input: { readonly approval: string }): Promise<Approval> {
  permit(ctx.viewer, "approvePromotion");
  const id = parseId("approval", input.approval);
  return ctx.db.write(async (tx) => {
    const seen = await tx.scoped.first(Approval, { id });
    if (seen === null) throw notFound("approval", `approval ${input.approval}`);
    const { promotion } = await lockPromotion(tx, seen.promotionId);
    const approval = (await tx.first(Approval, { id })) as Approval;
    if (toVoter(approval).identity !== viewerAsVoter(ctx.viewer)?.identity) {
      throw new Refusal("FORBIDDEN", `Only ${approval.byPerson ?? approval.byName} can withdraw this approval.`);
    }
    if (approval.voidedBecause === "WITHDRAWN") return approval;
    if (promotion.phase !== "WAITING") throw notWaiting(promotion);
    if (approval.voidedAt !== null) throw conflict("The approval no longer counts.");
    await append(tx, ctx.viewer, ctx.now(), await voidApprovals(tx, ctx, [approval], "WITHDRAWN"));
    return approval;
  });
}

type Decide = (
  tx: Tx,
  promotion: Promotion,
  rules: readonly ApprovalRule[],
) => Promise<{ readonly approvals: Approval[]; readonly effects: () => Promise<EventDraft[]> }>;

async function vote(ctx: Ctx, input: VoteInput, decision: ApprovalDecision, decide: Decide): Promise<Voted> {
  return ctx.db.write(async (tx) => {
    const found = await requirePromotion(tx, "promotion", input.promotion);
    const { promotion, build } = await lockPromotion(tx, found.id);
    const voter = await requireVoter(tx, ctx);
    const targets = await tx.find(PromotionTarget, { promotionId: promotion.id }, { order: "id" });
    const rules = await findVotable(tx, promotion, targets, input.rule ?? null);
    const earlier = (await tx.find(Approval, { promotionId: promotion.id, decision, voidedAt: null })).filter(
      (approval) => toVoter(approval).identity === voter.identity && rules.some((rule) => rule.id === approval.ruleId),
    );
    const open = rules.filter((rule) => !earlier.some((approval) => approval.ruleId === rule.id));
    if (promotion.phase !== "WAITING" || open.length === 0) {
      if (earlier.length > 0) return { promotion, approvals: earlier };
      if (promotion.phase !== "WAITING") throw notWaiting(promotion);
      throw conflict("The promotion needs no approval.");
    }
    const refusals = open.map((rule) => explainRefusal(rule, voter, promotion, build));
    const mine = open.filter((_, index) => refusals[index] === null);
    if (mine.length === 0) {
      if (earlier.length > 0) return { promotion, approvals: earlier };
      throw new Refusal("FORBIDDEN", [...new Set(refusals)].join(" "));
    }
    const { approvals, effects } = await decide(tx, promotion, mine);
    const apps = targets.map((target) => target.appId);
    const type = decision === "APPROVED" ? "APPROVAL_GIVEN" : "APPROVAL_REJECTED";
    await append(tx, ctx.viewer, ctx.now(), [
      ...approvals.map((approval) => approvalChanged(type, promotion, approval, apps)),
      ...(await effects()),
    ]);
    return { promotion: (await tx.first(Promotion, { id: promotion.id })) ?? promotion, approvals };
  });
}

/** Finds a promotion and its build, and locks both. */
async function lockPromotion(tx: Tx, id: string): Promise<{ promotion: Promotion; build: Build | null }> {
  const found = await requirePromotion(tx, "promotion", id);
  await lockWithBuilds(tx, [found]);
  const promotion = await requirePromotion(tx, "promotion", id);
  return { promotion, build: await tx.first(Build, { id: promotion.buildId }) };
}

/** The viewer as a voter. Their token is locked, so that it is not revoked at the same time. */
async function requireVoter(tx: Tx, ctx: TxCtx): Promise<Voter> {
  const { tokenId } = ctx.viewer;
  const voter = viewerAsVoter(ctx.viewer);
  if (tokenId === null || voter === null) throw new Refusal("FORBIDDEN", "Automation does not approve.");
  // For a login only the expiry is known, and the server has checked it.
  if (ctx.viewer.expiresAt !== undefined) return voter;
  const token = await tx.first(Token, { id: tokenId }, { lock: "share" });
  if (token === null || !isValid(token, ctx.now())) {
    throw new Refusal("UNAUTHENTICATED", "The token is unknown, revoked or expired.");
  }
  return voter;
}

/** The rules that cover a promotion, or the one that is named. */
async function findVotable(
  tx: Tx,
  promotion: Promotion,
  targets: readonly PromotionTarget[],
  named: string | null,
): Promise<ApprovalRule[]> {
  const covering = (await findRules(tx, [promotion.pipelineId])).filter(
    (rule) => rule.stage === promotion.to && targets.some(({ appId }) => covers(rule, appId)),
  );
  if (named === null) return covering;
  const id = parseId("rule", named);
  const rule = covering.find((one) => one.id === id) ?? (await tx.scoped.first(ApprovalRule, { id }));
  if (rule === null) throw notFound("rule", `approval rule ${named}`);
  if (!covering.includes(rule))
    throw badInput("rule", `rule must be a rule that covers the promotion; ${rule.name} does not.`);
  return [rule];
}

async function record(
  tx: Tx,
  ctx: TxCtx,
  promotion: Promotion,
  rules: readonly ApprovalRule[],
  decision: ApprovalDecision,
  comment: string | null,
): Promise<Approval[]> {
  const now = await transactionTime(tx, ctx);
  const passedChecks = await findPassedChecks(tx, promotion);
  const positions = await nextPositions(tx, "approvals", rules.length);
  const approvals = rules.map((rule, index) =>
    Object.assign(new Approval(), {
      ...{ id: newId(), ruleId: rule.id, promotionId: promotion.id, decision, comment, passedChecks },
      ...{ tokenId: ctx.viewer.tokenId ?? "", byGroups: ctx.viewer.groups, ...toActorColumns("by", ctx.viewer) },
      position: positions[index] as number,
      createdAt: now,
      validUntil: new Date(now.getTime() + rule.validFor),
      ...{ voidedAt: null, voidedBecause: null },
    }),
  );
  await tx.insert(Approval, approvals);
  return approvals;
}

/** The contexts that are SUCCESS on the promoted release. */
async function findPassedChecks(tx: Tx, { releaseId }: Promotion): Promise<string[]> {
  const release = await tx.first(Release, { id: releaseId });
  const [statuses = []] = release === null ? [] : await effectiveStatuses(tx, [release]);
  return statuses.filter(({ state }) => state === "SUCCESS").map(({ context }) => context);
}

function parseComment(comment: string | null | undefined): string | null {
  const text = optional(comment, (value) => parseText("comment", value, LIMITS.description));
  return text?.trim() ? text : null;
}

function notWaiting({ phase }: Promotion): Refusal {
  return conflict(`The promotion no longer waits for approvals: it is ${phase}.`);
}
