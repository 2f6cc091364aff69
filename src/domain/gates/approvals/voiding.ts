import sql from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { Build } from "../../../entities/builds/build.js";
import type { VoidReason } from "../../../entities/core/enums.js";
import { Approval } from "../../../entities/gates/approval.js";
import type { ApprovalRule } from "../../../entities/gates/approval-rule.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { append } from "../../../events/append.js";
import { approvalChanged, type EventDraft } from "../../../events/draft.js";
import { byId } from "../../core/by-id.js";
import { asSystem, type Ctx, type TxCtx } from "../../core/context.js";
import { transactionTime } from "../../core/values/time.js";
import { lockPromotions } from "../../promotions/waiting/lock-promotions.js";
import { explainRefusal, toVoter } from "./approvers.js";

/*
 * When approvals stop counting: the rule changed, the credential was revoked, a passed check failed, or they expired.
 * Only approvals of waiting promotions are voided; later, an approval is only a record. A voided approval cannot
 * unblock a promotion, so nothing is evaluated again.
 */

/** Voids the approvals that a changed rule would not accept now. The caller holds the pipeline's lock. */
export async function voidUnqualified(tx: Tx, ctx: TxCtx, rule: ApprovalRule): Promise<EventDraft[]> {
  const approvals = (await findLive(tx, "approvals_under_rule", sql`e.rule_id = ${rule.id}`)).filter(
    ({ decision }) => decision === "APPROVED",
  );
  const promotions = await byId(tx.find(Promotion, { id: approvals.map((one) => one.promotionId) }));
  const builds = await byId(tx.find(Build, { id: [...promotions.values()].map((one) => one.buildId) }));
  const unqualified = [];
  for (const approval of approvals) {
    const promotion = promotions.get(approval.promotionId) as Promotion;
    const lacksComment = rule.commentRequired && approval.comment === null;
    const refusal = explainRefusal(rule, toVoter(approval), promotion, builds.get(promotion.buildId) ?? null);
    if (lacksComment || refusal !== null) unqualified.push(approval);
    else await shorten(tx, approval, rule);
  }
  return voidApprovals(tx, ctx, unqualified, "RULE_CHANGED");
}

/** A shorter validity also applies to approvals that were given before; a longer one does not. */
async function shorten(tx: Tx, { id, createdAt, validUntil }: Approval, { validFor }: ApprovalRule): Promise<void> {
  const until = new Date(createdAt.getTime() + validFor);
  if (until < validUntil) await tx.update(Approval, { id }, { validUntil: until });
}

/**
 * Locks the waiting promotions that a token requested or approved. Call it before the token is locked, because
 * evaluations and votes lock promotions first.
 */
export async function lockOfToken(tx: Tx, tokenId: string): Promise<void> {
  if (!tx.dialect.concurrent) return;
  const affected = await tx.select(
    "promotions_of_token",
    Promotion,
    sql`WHERE e.wake_at IS NOT NULL AND e.id IN (
      SELECT p.id FROM promotions p WHERE p.wake_at IS NOT NULL AND p.asked_by = ${tokenId}
      UNION SELECT a.promotion_id FROM approvals a WHERE a.token_id = ${tokenId} AND a.voided_at IS NULL)`,
  );
  await lockPromotions(tx, affected);
}

/** Voids the approvals that were given with a token that is being revoked. */
export async function voidOfToken(tx: Tx, ctx: TxCtx, tokenId: string): Promise<EventDraft[]> {
  return voidUnderLocks(tx, ctx, "CREDENTIAL_REVOKED", () =>
    findLive(tx, "approvals_of_token", sql`e.token_id = ${tokenId}`),
  );
}

/**
 * Voids approvals of promotions of a build after a check failed that had passed when they were given: the approvers
 * relied on it. The caller holds the lock of the build.
 *
 * @param releaseId only promotions of this release; null for a status of the build
 */
export async function voidOfCheck(
  tx: Tx,
  ctx: TxCtx,
  buildId: string,
  releaseId: string | null,
  context: string,
): Promise<EventDraft[]> {
  const ofRelease = releaseId === null ? sql`` : sql` AND p.release_id = ${releaseId}`;
  const approvals = await findLive(tx, "approvals_of_build", sql`p.build_id = ${buildId}${ofRelease}`);
  return voidApprovals(
    tx,
    ctx,
    approvals.filter(({ passedChecks }) => passedChecks.includes(context)),
    "CHECK_FAILED",
  );
}

/**
 * Voids expired approvals. The approval gate compares `validUntil` itself, so an approval that is voided late does not
 * count meanwhile.
 */
export async function voidExpired(ctx: Ctx): Promise<void> {
  const isExpired = sql`e.valid_until <= ${ctx.now().getTime()}`;
  const due = await findLive(ctx.db.reader, "expired_approvals", isExpired);
  for (const promotionId of new Set(due.map((approval) => approval.promotionId))) {
    await ctx.db.write(async (tx) => {
      const system = asSystem(ctx);
      const now = await transactionTime(tx, system);
      const events = await voidUnderLocks(tx, system, "EXPIRED", async () =>
        (await findLive(tx, "approvals_of_promotion", sql`e.promotion_id = ${promotionId}`)).filter(
          ({ validUntil }) => validUntil <= now,
        ),
      );
      await append(tx, system.viewer, now, events);
    });
  }
}

/** Locks the promotions of approvals, finds the approvals again, and voids them. */
async function voidUnderLocks(
  tx: Tx,
  ctx: TxCtx,
  because: VoidReason,
  find: () => Promise<Approval[]>,
): Promise<EventDraft[]> {
  const seen = await find();
  if (seen.length === 0) return [];
  await lockWithBuilds(tx, await tx.find(Promotion, { id: [...new Set(seen.map((one) => one.promotionId))] }));
  return voidApprovals(tx, ctx, tx.dialect.concurrent ? await find() : seen, because);
}

/**
 * Locks promotions and their builds. Statuses change under the lock of the build, so no check can fail between an
 * approval and its record.
 */
export async function lockWithBuilds(tx: Tx, promotions: readonly Promotion[]): Promise<void> {
  await lockPromotions(tx, promotions);
  await tx.lock(Build, [...new Set(promotions.map((promotion) => promotion.buildId))], "share");
}

/** Marks approvals as void. The caller holds the locks of their promotions. */
export async function voidApprovals(
  tx: Tx,
  ctx: TxCtx,
  approvals: readonly Approval[],
  because: VoidReason,
): Promise<EventDraft[]> {
  if (approvals.length === 0) return [];
  const now = await transactionTime(tx, ctx);
  const ids = approvals.map((approval) => approval.id);
  await tx.update(Approval, { id: ids }, { voidedAt: now, voidedBecause: because });
  const promotionIds = [...new Set(approvals.map((approval) => approval.promotionId))];
  const promotions = await byId(tx.find(Promotion, { id: promotionIds }));
  const targets = await tx.find(PromotionTarget, { promotionId: promotionIds });
  return approvals.map((approval) => {
    Object.assign(approval, { voidedAt: now, voidedBecause: because });
    const promotion = promotions.get(approval.promotionId) as Promotion;
    const apps = targets.filter((one) => one.promotionId === promotion.id).map((one) => one.appId);
    return approvalChanged("APPROVAL_VOIDED", promotion, approval, apps);
  });
}

/** The approvals of waiting promotions `p` that are not void, in the order in which they were given. */
function findLive(reader: Reader, name: string, condition: ReturnType<typeof sql>): Promise<Approval[]> {
  return reader.select(
    name,
    Approval,
    sql`JOIN promotions p ON p.id = e.promotion_id
      WHERE e.voided_at IS NULL AND p.phase = 'WAITING' AND ${condition} ORDER BY e.position`,
  );
}
