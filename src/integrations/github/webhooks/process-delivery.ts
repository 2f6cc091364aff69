import type { Tx } from "../../../database/rows/tx.js";
import { type IdentifiedRepository, identifyRepository } from "../../../domain/builds/repository-names.js";
import type { TxCtx } from "../../../domain/core/context.js";
import { LIMITS } from "../../../domain/core/input.js";
import { Refusal } from "../../../domain/core/refusal.js";
import { normalizeText } from "../../../domain/core/values/normalize.js";
import { nextPosition } from "../../../domain/core/values/position.js";
import type { GithubDeliveryOutcome } from "../../../entities/core/enums.js";
import { GithubDelivery } from "../../../entities/github/github-delivery.js";
import type { EventDraft } from "../../../events/draft.js";
import { findOrder, storedSubject } from "./delivery-order.js";
import { type Delivery, type Effect, effectFor, type NoEffect } from "./effects.js";
import { type Envelope, readEnvelope } from "./envelope.js";

/** How long a delivery that cannot be applied yet stays PENDING, in milliseconds: 24 hours. */
export const PENDING_LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The result of a delivery. `REPEATED`: it was applied before, and had no effect now. */
export interface ProcessedDelivery {
  readonly outcome: GithubDeliveryOutcome | "REPEATED";
  readonly message: string | null;
  readonly refusals: readonly Refusal[];
  readonly events: readonly EventDraft[];
}

/** A parsed delivery. */
export interface Reading extends Envelope {
  /** A refusal if the payload does not match the event's schema. */
  readonly effect: Effect | NoEffect | Refusal;
}

/** Reads a delivery without the database. */
export function readDelivery(delivery: Delivery, options: { readonly forks: boolean; readonly now: Date }): Reading {
  const envelope = readEnvelope(delivery.event, delivery.payload);
  try {
    return { ...envelope, effect: effectFor(delivery, options) };
  } catch (error) {
    if (error instanceof Refusal) return { ...envelope, effect: error };
    throw error;
  }
}

/**
 * Applies a delivery and records the result. A delivery that was applied has no effect again, with one exception: if it
 * opened or updated a pull request, it is applied to the pipelines that it was not applied to before. A delivery that
 * was not applied is processed again each time it arrives.
 *
 * @param again whether a PENDING delivery is retried; false for a delivery that has just arrived
 */
export async function processDelivery(
  tx: Tx,
  ctx: TxCtx,
  delivery: Delivery,
  reading: Reading,
  again = false,
): Promise<ProcessedDelivery> {
  // A redelivery at the same time waits here. It has no row to lock yet.
  await tx.lockName(`delivery ${delivery.id}`);
  const prior = await tx.first(GithubDelivery, { id: delivery.id });
  const wasApplied = prior?.outcome === "APPLIED";
  if ((wasApplied && !mayOpenElsewhere(prior, reading)) || (again && prior?.outcome !== "PENDING")) return REPEATED;
  const now = ctx.now();
  const repository = reading.repository && (await identifyRepository(tx, reading.repository, now));
  const applied = new Set<string>(prior?.appliedTo ?? []);
  const result = afterMove(await applyEffect(tx, ctx, reading.effect, repository, applied), repository);
  if (wasApplied && (result.outcome === "IGNORED" || result.outcome === "PENDING")) return REPEATED;
  const { outcome, subject } = result;
  const message = normalizeText(result.message, LIMITS.description);
  const isPending = outcome === "PENDING" && "apply" in reading.effect;
  const processed = outcome === "APPLIED" || outcome === "IGNORED";
  const row: GithubDelivery = {
    id: delivery.id,
    position: prior?.position ?? (await nextPosition(tx, "webhook_deliveries")),
    event: delivery.event,
    action: reading.action,
    repository: repository?.name ?? null,
    repositoryId: reading.repository?.id ?? null,
    outcome,
    message,
    attempts: (prior?.attempts ?? 0) + 1,
    receivedAt: prior?.receivedAt ?? now,
    processedAt: processed ? now : null,
    pendingUntil: isPending ? (again && prior?.pendingUntil) || new Date(now.getTime() + PENDING_LIFETIME_MS) : null,
    payload: isPending ? JSON.stringify((reading.effect as Effect).payload) : null,
    subject: processed && subject !== null ? storedSubject(subject) : wasApplied ? prior.subject : null,
    subjectAt: processed && subject !== null ? subject.at : wasApplied ? prior.subjectAt : null,
    appliedTo: [...applied, ...result.appliedTo],
  };
  if (prior === null) await tx.insert(GithubDelivery, [row]);
  else await tx.update(GithubDelivery, { id: delivery.id }, row);
  return { outcome, message, refusals: result.refusals, events: [...(repository?.events ?? []), ...result.events] };
}

interface Result extends Omit<ProcessedDelivery, "outcome"> {
  readonly outcome: GithubDeliveryOutcome;
  /** The ids of the pipelines where a pull request was changed. */
  readonly appliedTo: readonly string[];
  /** The pull request whose state the delivery reported, if it was processed; null otherwise. */
  readonly subject: { readonly name: string; readonly at: Date; readonly closes: boolean } | null;
}

const NOTHING = { refusals: [], events: [], subject: null, appliedTo: [] };

const REPEATED: ProcessedDelivery = { outcome: "REPEATED", message: null, refusals: [], events: [] };

/** A pipeline may have been created, or its review apps enabled, since a delivery was applied to others. */
function mayOpenElsewhere(prior: GithubDelivery, { effect }: Reading): boolean {
  return prior.appliedTo !== null && "pullRequest" in effect && effect.pullRequest?.opens === true;
}

async function applyEffect(
  tx: Tx,
  ctx: TxCtx,
  effect: Effect | NoEffect | Refusal,
  repository: IdentifiedRepository | null,
  applied: ReadonlySet<string>,
): Promise<Result> {
  if (effect instanceof Refusal) {
    return { ...NOTHING, outcome: "REFUSED", message: effect.message, refusals: [effect] };
  }
  if ("reason" in effect) return { ...NOTHING, outcome: "IGNORED", message: effect.reason };
  if (repository === null) throw new Error("A delivery with an effect has a repository.");
  if (repository.conflict !== null) return { ...NOTHING, outcome: "PENDING", message: repository.conflict };
  const { pullRequest, apply } = effect;
  const subject =
    pullRequest === undefined ? null : { ...pullRequest, name: `${repository.name}#${pullRequest.number}` };
  if (subject !== null) await tx.lockName(subject.name);
  const order = subject === null ? "IN_ORDER" : await findOrder(tx, subject);
  if (order === "STALE") {
    const what = subject?.closes ? "has changed later" : "was closed at that time or later";
    return { ...NOTHING, subject, outcome: "IGNORED", message: `The pull request ${what}.` };
  }
  const before = { late: order === "LATE", applied };
  const { events, refusals, without, appliedTo = [] } = await apply(tx, ctx, repository.name, before);
  if (refusals.length > 0) {
    const message = refusals.map((refusal) => refusal.message).join(" ");
    return { outcome: "REFUSED", message, refusals, events, appliedTo, subject: null };
  }
  return {
    outcome: without?.outcome ?? "APPLIED",
    message: without?.reason ?? null,
    refusals,
    events,
    appliedTo,
    subject,
  };
}

/** A delivery that renamed a repository counts as applied, even if it had no other effect. */
function afterMove(result: Result, repository: IdentifiedRepository | null): Result {
  if (repository === null || repository.movedFrom.length === 0) return result;
  const moved = `The repository ${repository.movedFrom.join(", ")} is ${repository.name} now.`;
  if (result.outcome === "IGNORED") return { ...result, outcome: "APPLIED", message: moved };
  return { ...result, message: result.message === null ? moved : `${moved} ${result.message}` };
}
