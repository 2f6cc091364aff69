import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { identify, noActorColumns, toActorColumns } from "../../../entities/core/actor-columns.js";
import { Freeze } from "../../../entities/gates/freeze.js";
import type { ScopeIds } from "../../../entities/gates/gate-scope.js";
import { append } from "../../../events/append.js";
import { type EventDraft, gateChanged } from "../../../events/draft.js";
import { isPermitted, permit } from "../../access/actions.js";
import type { Ctx, TxCtx } from "../../core/context.js";
import { withIdempotency } from "../../core/idempotency.js";
import { LIMITS, optional, parseId, parseLine, parseUrl } from "../../core/input.js";
import { lockGates } from "../../core/locks.js";
import { badInput, conflict, notFound } from "../../core/refusal.js";
import { newId } from "../../core/values/id.js";
import { nextPosition } from "../../core/values/position.js";
import { transactionTime } from "../../core/values/time.js";
import { type GateScopeInput, loadScope, resolveScope, storeScope } from "../calendar/scopes.js";
import { lockGateChange, wakeWaiting } from "../calendar/wake.js";
import { findLoosened, laterIsStricter, type Strictness } from "../strictness.js";
import { refuseBeyondScope } from "../windows/windows.js";
import { hasBegun, hasEnded } from "./freeze-gate.js";

/* Starts, extends and lifts freezes. `freeze-gate.ts` decides what they block. */

/** The most freezes of an installation that have not ended. */
export const MAX_LIVE_FREEZES = 100;
/** The default length of a freeze, in milliseconds: 4 hours. */
const DEFAULT_LENGTH_MS = 4 * 3_600_000;
/** The longest freeze, and how far ahead it may begin, in milliseconds: 366 days. */
const MAX_LENGTH_MS = 366 * 86_400_000;

export interface StartFreezeInput {
  readonly scope?: GateScopeInput | null;
  readonly reason: string;
  readonly incidentUrl?: string | null;
  readonly startsAt?: Date | null;
  readonly endsAt?: Date | null;
  readonly untilLifted?: boolean | null;
  readonly hard?: boolean | null;
  readonly idempotencyKey?: string | null;
}

/** Stops deployments, for 4 hours unless `endsAt` or `untilLifted` says otherwise. */
export async function startFreeze(ctx: Ctx, input: StartFreezeInput): Promise<Freeze> {
  permit(ctx.viewer, "startFreeze");
  const reason = parseLine("reason", input.reason, LIMITS.description);
  const incidentUrl = optional(input.incidentUrl, (value) => parseUrl("incidentUrl", value));
  return withIdempotency(ctx, "startFreeze", input, Freeze, async (tx) => {
    await lockGates(tx, "change");
    const now = await transactionTime(tx, ctx);
    const startsAt = input.startsAt ?? now;
    if (startsAt.getTime() < now.getTime() - 60_000) throw badInput("startsAt", "startsAt must not be in the past.");
    if (startsAt.getTime() > now.getTime() + MAX_LENGTH_MS) {
      throw badInput("startsAt", "startsAt must be within a year.");
    }
    const endsAt = parseEnd(input, startsAt, now) ?? null;
    const scope = await resolveScope(tx, ctx, input.scope);
    if ((await tx.count(Freeze, { ended: false })) >= MAX_LIVE_FREEZES) {
      throw conflict(`There are ${MAX_LIVE_FREEZES} freezes already that have not ended. Lift one first.`);
    }
    const begun = startsAt <= now;
    const freeze = Object.assign(new Freeze(), {
      ...{ id: newId(), reason, incidentUrl, startsAt, endsAt, hard: input.hard ?? false, createdAt: now },
      ...toActorColumns("startedBy", ctx.viewer),
      ...{ ...noActorColumns("liftedBy"), liftedAt: null, liftReason: null },
      position: await nextPosition(tx, "freezes"),
      announceAt: begun ? endsAt : startsAt,
      ended: false,
    });
    await tx.insert(Freeze, [freeze]);
    await storeScope(tx, freeze.id, scope);
    await append(tx, ctx.viewer, now, [
      ...gateChanged("FREEZE_STARTED", freeze, `Freeze ${describeTimes(freeze)}: ${reason}`, scope),
      ...(begun ? gateChanged("GATE_CLOSED", freeze, `Deployments stopped: ${reason}`, scope) : []),
    ]);
    return freeze;
  });
}

/** What loosens a freeze: an earlier end. Nothing else can be changed. */
export const FREEZE_STRICTNESS: Strictness<Pick<Freeze, "endsAt">> = { endsAt: laterIsStricter };

export interface ExtendFreezeInput {
  readonly freeze: string;
  readonly endsAt?: Date | null;
  readonly untilLifted?: boolean | null;
}

/** Changes the end of a freeze. Only the person who started it, or an administrator, may set an earlier end. */
export async function extendFreeze(ctx: Ctx, input: ExtendFreezeInput): Promise<Freeze> {
  permit(ctx.viewer, "extendFreeze");
  return ctx.db.write(async (tx) => {
    await lockGateChange(tx, await loadScope(tx, parseId("freeze", input.freeze)));
    const freeze = await requireLiveFreeze(tx, ctx, input.freeze);
    const now = await transactionTime(tx, ctx);
    if (input.endsAt == null && input.untilLifted !== true) {
      throw badInput(
        "endsAt",
        "endsAt must say when the freeze ends, or untilLifted that it lasts until it is lifted.",
      );
    }
    const endsAt = parseEnd(input, freeze.startsAt, now);
    const loosened = findLoosened(FREEZE_STRICTNESS, freeze, { ...freeze, endsAt }).length > 0;
    if (loosened && !mayLift(ctx, freeze)) permit(ctx.viewer, "liftOthersFreeze");
    await refuseBeyondScope(tx, ctx, freeze.id);
    const summary = `Freeze ${describeTimes({ ...freeze, endsAt })} (before: ${describeTimes(freeze)})`;
    freeze.endsAt = endsAt;
    if (freeze.startsAt <= now) freeze.announceAt = endsAt;
    await tx.update(Freeze, { id: freeze.id }, { ...freeze });
    const scope = await loadScope(tx, freeze.id);
    await append(tx, ctx.viewer, now, [
      ...gateChanged("FREEZE_EXTENDED", freeze, summary, scope),
      ...(loosened ? await wakeWaiting(tx, ctx, scope) : []),
    ]);
    return freeze;
  });
}

export interface LiftFreezeInput {
  readonly freeze: string;
  readonly reason: string;
}

/** Ends a freeze. Only the person who started it, or an administrator, may do so. Lifting it again changes nothing. */
export async function liftFreeze(ctx: Ctx, input: LiftFreezeInput): Promise<Freeze> {
  permit(ctx.viewer, "liftFreeze");
  const reason = parseLine("reason", input.reason, LIMITS.description);
  return ctx.db.write(async (tx) => {
    await lockGateChange(tx, await loadScope(tx, parseId("freeze", input.freeze)));
    const freeze = await requireFreeze(tx, input.freeze);
    if (freeze.liftedAt !== null) return freeze;
    if (freeze.ended) throw conflict("The freeze has ended already.");
    if (!mayLift(ctx, freeze)) permit(ctx.viewer, "liftOthersFreeze");
    await refuseBeyondScope(tx, ctx, freeze.id);
    const scope = await loadScope(tx, freeze.id);
    const now = await transactionTime(tx, ctx);
    Object.assign(freeze, { ...toActorColumns("liftedBy", ctx.viewer), liftedAt: now, liftReason: reason });
    const ended = await endFreeze(tx, ctx, freeze, scope, `Freeze lifted: ${reason}`);
    await append(tx, ctx.viewer, now, [...ended, ...(await wakeWaiting(tx, ctx, scope))]);
    return freeze;
  });
}

/** Marks a freeze as ended. Returns its events. */
export async function endFreeze(
  tx: Tx,
  ctx: TxCtx,
  freeze: Freeze,
  scope: ScopeIds,
  summary: string,
): Promise<EventDraft[]> {
  const now = await transactionTime(tx, ctx);
  Object.assign(freeze, { ended: true, announceAt: null });
  await tx.update(Freeze, { id: freeze.id }, { ...freeze });
  return [
    ...gateChanged("FREEZE_ENDED", freeze, summary, scope),
    ...(hasBegun(freeze, now) ? gateChanged("GATE_OPENED", freeze, summary, scope) : []),
  ];
}

/** Finds a freeze, ended or not. */
export function findFreeze(reader: Reader, id: string): Promise<Freeze | null> {
  return reader.first(Freeze, { id: parseId("freeze", id) });
}

/** @throws Refusal NOT_FOUND unless the viewer sees it */
export async function requireFreeze(tx: Tx, id: string): Promise<Freeze> {
  const seen = await findFreeze(tx.scoped, id);
  const freeze = seen && (await tx.first(Freeze, { id: seen.id }, { lock: "change" }));
  if (freeze === null) throw notFound("freeze", `freeze ${id}`);
  return freeze;
}

/** @throws Refusal NOT_FOUND; CONFLICT if it has ended */
export async function requireLiveFreeze(tx: Tx, ctx: TxCtx, id: string): Promise<Freeze> {
  const freeze = await requireFreeze(tx, id);
  if (hasEnded(freeze, await transactionTime(tx, ctx))) throw conflict("The freeze has ended already.");
  return freeze;
}

function mayLift({ viewer }: TxCtx, { startedByPerson: person, startedBySubject: subject }: Freeze): boolean {
  const starter = identify({ person, subject });
  return (starter !== null && starter === identify(viewer)) || isPermitted(viewer, "liftOthersFreeze");
}

/** When a freeze ends; null if it lasts until it is lifted. */
function parseEnd(
  { endsAt, untilLifted }: { readonly endsAt?: Date | null; readonly untilLifted?: boolean | null },
  startsAt: Date,
  now: Date,
): Date | null {
  if (untilLifted === true && endsAt != null) throw badInput("endsAt", "Use either endsAt or untilLifted, not both.");
  if (untilLifted === true) return null;
  const end = endsAt ?? new Date(startsAt.getTime() + DEFAULT_LENGTH_MS);
  if (end <= startsAt || end <= now) throw badInput("endsAt", "endsAt must be in the future and after the start.");
  if (end.getTime() > startsAt.getTime() + MAX_LENGTH_MS) {
    throw badInput("endsAt", "endsAt must be within a year of the start; use untilLifted for a freeze without an end.");
  }
  return end;
}

/** `from 2026-12-24T00:00:00.000Z to 2026-12-27T00:00:00.000Z`. */
function describeTimes({ startsAt, endsAt }: Pick<Freeze, "startsAt" | "endsAt">): string {
  return `from ${startsAt.toISOString()} ${endsAt === null ? "until it is lifted" : `to ${endsAt.toISOString()}`}`;
}
