import type { Tx } from "../../../database/rows/tx.js";
import { Build } from "../../../entities/builds/build.js";
import type { App } from "../../../entities/pipelines/app.js";
import type { Blocker } from "../../../entities/releases/plan.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import type { EventDraft } from "../../../events/draft.js";
import { type CredentialState, checkCredential } from "../../access/credentials.js";
import { asViewer, SYSTEM_VIEWER, type TxCtx } from "../../core/context.js";
import { lockGates } from "../../core/locks.js";
import { transactionTime } from "../../core/values/time.js";
import { isClearable } from "../../gates/blocker.js";
import { findPolicy } from "../../gates/policies/stage-policy-fact.js";
import { readProgress, takeBatch, toStates } from "../../rollouts/progress.js";
import { stopRollout } from "../../rollouts/stop.js";
import { evaluateResolved, type PromotionVerdict, type Resolved } from "../evaluation.js";
import { mergeForced, toForced } from "../forced.js";
import { type AdmittedTarget, makeCopies, start } from "../start.js";
import { endWaiting } from "./ending.js";
import { resolveWaiting } from "./resolve-waiting.js";

/** The most batches of targets of one promotion that a transaction admits. The periodic job admits the next one. */
const MAX_BATCHES = 10;

/**
 * Evaluates a promotion with waiting targets, and does one of these:
 * - admits the targets, or those of the next wave, if all gates let them through;
 * - ends the promotion if it has expired, its credential is no longer valid, its release can no longer pass, or too
 *   many targets failed;
 * - stores when to evaluate it again.
 *
 * The caller holds the locks of `lockPromotions`. The number of statements does not depend on other promotions.
 *
 * @returns the events; none if it still waits, or has been settled already
 */
export async function settle(tx: Tx, ctx: TxCtx, id: string): Promise<EventDraft[]> {
  const events: EventDraft[] = [];
  for (let batches = 0; batches < MAX_BATCHES; batches += 1) {
    const { admitted, events: more } = await settleOnce(tx, ctx, id);
    events.push(...more);
    if (!admitted) break;
  }
  return events;
}

interface Settled {
  /** Whether targets were admitted. Then the next ones may be admitted immediately. */
  readonly admitted: boolean;
  readonly events: EventDraft[];
}

const STILL_WAITS: Settled = { admitted: false, events: [] };

async function settleOnce(tx: Tx, ctx: TxCtx, id: string): Promise<Settled> {
  const promotion = await tx.first(Promotion, { id });
  if (promotion === null || promotion.wakeAt === null) return STILL_WAITS;
  const hasStarted = promotion.phase === "IN_PROGRESS";
  const now = await transactionTime(tx, ctx);
  const ended = async (events: Promise<EventDraft[]>) => ({ admitted: false, events: await events });
  if (!hasStarted && promotion.expiresAt !== null && promotion.expiresAt <= now) {
    return ended(endWaiting(tx, ctx, promotion, { phase: "EXPIRED", by: SYSTEM_VIEWER }));
  }
  await tx.lock(Build, [promotion.buildId], promotion.forced ? "change" : "share");
  const credential = await checkCredential(tx, promotion, now);
  const end = (reason: string) =>
    ended(endWaiting(tx, ctx, promotion, { phase: "CANCELLED", by: SYSTEM_VIEWER, reason }));
  if (credential.problem !== null) return end(credential.problem);
  await lockGates(tx, "share");
  const targets = await tx.find(PromotionTarget, { promotionId: id }, { order: "position" });
  const [resolved] = await resolveWaiting(tx, [promotion], targets);
  if (resolved == null || resolved.targets.length === 0) return end("Its pipeline or its apps no longer exist.");
  const policy = await findPolicy(tx, resolved.pipeline, promotion.to);
  const states = hasStarted ? await toStates(tx, targets) : [];
  const progress = readProgress(states);
  if (progress.failed > policy.maxFailures) {
    return ended(stopRollout(tx, ctx, promotion, progress.failed, policy.maxFailures));
  }
  const [verdict] = (await evaluateResolved(tx, now, [resolved])) as [PromotionVerdict];
  const hopeless = verdict.blockers.find(isHopeless);
  if (hopeless !== undefined) return end(hopeless.message);
  if (verdict.blockers.length > 0) {
    const wakeAt = findWakeAt(promotion, verdict.blockers, credential, now);
    if (wakeAt.getTime() !== promotion.wakeAt.getTime()) await tx.update(Promotion, { id }, { wakeAt });
    return STILL_WAITS;
  }
  const { batch, rest } = takeBatch(toAdmitted(resolved, verdict, targets), policy, progress.underWay.length);
  const others = targets.filter((target) => ![...batch, ...rest].some((one) => one.target === target));
  const waiting = others.filter(({ ownPhase }) => ownPhase === "WAITING");
  const actor = promotion.createdBy;
  const asRequester = asViewer(ctx, { ...actor, tokenId: promotion.askedBy, groups: [], scope: null });
  const admitted = {
    promotion: Object.assign(promotion, {
      forcedPast: mergeForced(promotion.forcedPast, toForced(verdict.forcedPast)),
    }),
    isNew: false,
    targets: batch,
    rest: [...rest.map(({ target }) => target), ...waiting],
    others: hasStarted
      ? states.filter(({ phase }) => phase !== "WAITING")
      : await toStates(
          tx,
          others.filter(({ ownPhase }) => ownPhase !== "WAITING"),
        ),
  };
  const events = await start(tx, asRequester, admitted, makeCopies(resolved.build, resolved.source as App, admitted));
  return { admitted: true, events: events.map((event) => ({ ...event, actor: event.actor ?? actor })) };
}

/** The targets that the gates let through, in the order of their positions. */
function toAdmitted(
  { targets }: Resolved,
  { checks }: PromotionVerdict,
  rows: readonly PromotionTarget[],
): AdmittedTarget[] {
  const byApp = new Map(rows.map((row) => [row.appId, row]));
  return targets
    .map(({ app }, index) => ({ app, target: byApp.get(app.id) as PromotionTarget, checks: checks[index] ?? [] }))
    .sort((a, b) => a.target.position - b.target.position);
}

/** Whether the release can never pass: it failed, or a later release replaced it before its soak time ended. */
function isHopeless(blocker: Blocker): boolean {
  return (blocker.code === "RELEASE_NOT_SUCCEEDED" || blocker.code === "SOAKING") && !isClearable(blocker);
}

/** A promotion in progress is evaluated again after this time at the latest, in milliseconds: an hour. */
const RECHECK_MS = 3_600_000;

/**
 * When the periodic job must evaluate a promotion again: the earliest time at which something changes without an event.
 * For a promotion that has not started, at the latest when it expires.
 */
export function findWakeAt(
  { expiresAt, phase }: Pick<Promotion, "expiresAt" | "phase">,
  blockers: readonly Blocker[],
  { endsAt }: CredentialState,
  now: Date,
): Date {
  const latest = phase === "IN_PROGRESS" ? new Date(now.getTime() + RECHECK_MS) : expiresAt;
  const times = [latest, endsAt, ...blockers.map(({ clearsAt }) => clearsAt)].filter((time) => time !== null);
  // Later than now. Otherwise it would stay due, and be evaluated repeatedly.
  return new Date(Math.max(Math.min(...times.map((time) => time.getTime())), now.getTime() + 1));
}
