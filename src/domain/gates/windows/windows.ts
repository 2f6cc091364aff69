import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import type { WindowKind } from "../../../entities/core/enums.js";
import { DeploymentWindow } from "../../../entities/gates/deployment-window.js";
import { GateScopeEntry, type ScopeIds } from "../../../entities/gates/gate-scope.js";
import { append } from "../../../events/append.js";
import { type EventDraft, gateChanged } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import type { Ctx, TxCtx } from "../../core/context.js";
import { withIdempotency } from "../../core/idempotency.js";
import { LIMITS, optional, parseLine, parseName } from "../../core/input.js";
import { conflict, notFound, Refusal } from "../../core/refusal.js";
import { newId } from "../../core/values/id.js";
import { nextPosition } from "../../core/values/position.js";
import { transactionTime } from "../../core/values/time.js";
import {
  type GateScopeInput,
  loadScope,
  loadScopes,
  mayOverlap,
  resolveScope,
  storeScope,
} from "../calendar/scopes.js";
import { lockGateChange, wakeWaiting } from "../calendar/wake.js";
import { compileSchedule, type Schedule } from "./schedule.js";
import { loosens } from "./strictness.js";

/*
 * Creates, changes and deletes deployment windows. `schedule.ts` decides when a window is active, and `window-gate.ts`
 * what it blocks.
 */

/** The most live windows of an installation. */
export const MAX_WINDOWS = 200;

export interface CreateDeploymentWindowInput {
  readonly name: string;
  readonly kind: WindowKind;
  readonly scope?: GateScopeInput | null;
  readonly timeZone: string;
  readonly recurrence?: string | null;
  readonly startDate?: string | null;
  readonly endDate?: string | null;
  readonly startTime: string;
  readonly endTime: string;
  readonly message?: string | null;
  readonly idempotencyKey?: string | null;
}

/** Creates a window. An ALLOW window requires the ADMIN role if it adds times to those of other ALLOW windows. */
export async function createDeploymentWindow(ctx: Ctx, input: CreateDeploymentWindowInput): Promise<DeploymentWindow> {
  permit(ctx.viewer, "createDeploymentWindow");
  const name = parseName("name", input.name);
  const message = optional(input.message, (value) => parseLine("message", value, LIMITS.description));
  return withIdempotency(ctx, "createDeploymentWindow", input, DeploymentWindow, async (tx) => {
    const scope = await resolveScope(tx, ctx, input.scope);
    await lockGateChange(tx, scope);
    const now = await transactionTime(tx, ctx);
    const schedule: Schedule = {
      kind: input.kind,
      timeZone: input.timeZone,
      recurrence: input.recurrence ?? null,
      startDate: input.startDate ?? now.toISOString().slice(0, 10),
      endDate: input.endDate ?? null,
      startTime: input.startTime,
      endTime: input.endTime,
    };
    const timetable = compileSchedule(schedule);
    const others = await findWindows(tx);
    if (others.length >= MAX_WINDOWS) throw conflict(`There are ${MAX_WINDOWS} windows already. Delete one first.`);
    refuseTakenName(others, name);
    const { active, until } = timetable.activityAt(now.getTime());
    const window = Object.assign(new DeploymentWindow(), {
      ...schedule,
      ...{ id: newId(), name, message, createdAt: now, updatedAt: now, deletedAt: null },
      position: await nextPosition(tx, "deployment_windows"),
      announcedActive: active,
      announceAt: until === null ? null : new Date(until),
    });
    const othersAllow = await mayShareWithAllow(tx, others, scope);
    if (loosens(null, { ...window, scope }, othersAllow)) permit(ctx.viewer, "loosenDeploymentWindow");
    await tx.insert(DeploymentWindow, [window]);
    await storeScope(tx, window.id, scope);
    await append(tx, ctx.viewer, now, [
      ...gateChanged("WINDOW_CREATED", window, describe(window), scope),
      // An ALLOW window may add times to others.
      ...(window.kind === "ALLOW" ? await wakeWaiting(tx, ctx, scope) : []),
    ]);
    return window;
  });
}

export interface UpdateDeploymentWindowInput extends Partial<Omit<CreateDeploymentWindowInput, "idempotencyKey">> {
  readonly window: string;
}

/**
 * Changes the given fields. Null removes the recurrence, the last date, the message; a scope replaces the earlier one.
 */
export async function updateDeploymentWindow(ctx: Ctx, input: UpdateDeploymentWindowInput): Promise<DeploymentWindow> {
  permit(ctx.viewer, "updateDeploymentWindow");
  const name = optional(input.name, (value) => parseName("name", value));
  return ctx.db.write(async (tx) => {
    const { id } = await requireWindow(tx, input.window);
    const given = input.scope == null ? null : await resolveScope(tx, ctx, input.scope);
    await lockGateChange(tx, await loadScope(tx, id), ...(given === null ? [] : [given]));
    const window = await requireWindow(tx, id);
    const before = { ...window };
    const scopeBefore = await loadScope(tx, id);
    const scope = given ?? scopeBefore;
    const others = (await findWindows(tx)).filter((one) => one.id !== window.id);
    if (name !== null) {
      refuseTakenName(others, name);
      window.name = name;
    }
    for (const field of ["kind", "timeZone", "startDate", "startTime", "endTime"] as const) {
      const value = input[field];
      if (value != null) Object.assign(window, { [field]: value });
    }
    if (input.recurrence !== undefined) window.recurrence = input.recurrence;
    if (input.endDate !== undefined) window.endDate = input.endDate;
    if (input.message !== undefined) {
      window.message = optional(input.message, (value) => parseLine("message", value, LIMITS.description));
    }
    const timetable = compileSchedule(window);
    if (loosens({ ...before, scope: scopeBefore }, { ...window, scope })) {
      permit(ctx.viewer, "loosenDeploymentWindow");
    }
    await refuseBeyondScope(tx, ctx, window.id);
    const now = await transactionTime(tx, ctx);
    const { active, until } = timetable.activityAt(now.getTime());
    Object.assign(window, {
      updatedAt: now,
      announcedActive: active,
      announceAt: until === null ? null : new Date(until),
    });
    await tx.update(DeploymentWindow, { id: window.id }, { ...window });
    if (given !== null) await storeScope(tx, window.id, scope);
    const summary = `${describe(window)} (before: ${describe(before)})`;
    await append(tx, ctx.viewer, now, [
      ...gateChanged("WINDOW_UPDATED", window, summary, scope),
      ...(await wakeWaiting(tx, ctx, scopeBefore, scope)),
    ]);
    return window;
  });
}

/**
 * Deletes a window.
 *
 * @throws Refusal NOT_FOUND if it was deleted already
 */
export async function deleteDeploymentWindow(ctx: Ctx, input: { readonly window: string }): Promise<string> {
  permit(ctx.viewer, "deleteDeploymentWindow");
  return ctx.db.write(async (tx) => {
    const { id } = await requireWindow(tx, input.window);
    await lockGateChange(tx, await loadScope(tx, id));
    const window = await requireWindow(tx, id);
    await refuseBeyondScope(tx, ctx, id);
    const scope = await loadScope(tx, id);
    const events = await removeWindow(tx, ctx, window, scope, `Window ${window.name} deleted`);
    await append(tx, ctx.viewer, ctx.now(), [...events, ...(await wakeWaiting(tx, ctx, scope))]);
    return window.id;
  });
}

/** Marks a window as deleted. Returns its events. */
export async function removeWindow(
  tx: Tx,
  ctx: TxCtx,
  window: DeploymentWindow,
  scope: ScopeIds,
  summary: string,
): Promise<EventDraft[]> {
  const now = await transactionTime(tx, ctx);
  await tx.update(DeploymentWindow, { id: window.id }, { deletedAt: now, updatedAt: now, announceAt: null });
  return gateChanged("WINDOW_DELETED", window, summary, scope);
}

/** The live windows, in the order of their creation. */
export function findWindows(reader: Reader): Promise<DeploymentWindow[]> {
  return reader.find(DeploymentWindow, { deletedAt: null }, { order: "position" });
}

/** @throws Refusal NOT_FOUND unless the viewer sees a live window of this id or name */
async function requireWindow(tx: Tx, reference: string): Promise<DeploymentWindow> {
  const seen = await findWindow(tx.scoped, reference);
  if (seen === null) throw notFound("window", `window "${reference}"`);
  return seen;
}

/** Finds a live window by id or name. */
export async function findWindow(reader: Reader, reference: string): Promise<DeploymentWindow | null> {
  return (
    (await reader.first(DeploymentWindow, { name: reference, deletedAt: null })) ??
    (await reader.first(DeploymentWindow, { id: reference.toLowerCase(), deletedAt: null }))
  );
}

/**
 * A token that is restricted to pipelines may change only windows and freezes that apply to nothing else.
 *
 * @throws Refusal FORBIDDEN
 */
export async function refuseBeyondScope(tx: Tx, { viewer }: TxCtx, gateId: string): Promise<void> {
  if (viewer.scope === null) return;
  const subjects = (entries: readonly GateScopeEntry[]) =>
    entries.filter(({ kind }) => kind !== "STAGE").map(({ kind, subject }) => `${kind} ${subject}`);
  const all = subjects(await tx.find(GateScopeEntry, { gateId }));
  const visible = subjects(await tx.scoped.find(GateScopeEntry, { gateId }));
  if (all.length > 0 && all.length === visible.length) return;
  throw new Refusal("FORBIDDEN", "It also applies to pipelines outside this token's scope.");
}

function refuseTakenName(others: readonly DeploymentWindow[], name: string): void {
  if (others.some((other) => other.name === name)) throw conflict(`There is a window named ${name} already.`);
}

/** Whether an ALLOW window may already apply in the scope. */
async function mayShareWithAllow(tx: Tx, windows: readonly DeploymentWindow[], scope: ScopeIds): Promise<boolean> {
  const allowing = windows.filter(({ kind }) => kind === "ALLOW").map(({ id }) => id);
  return (await loadScopes(tx, allowing)).some((other) => mayOverlap(scope, other));
}

/** `DENY 22:00–06:00 Europe/Berlin, FREQ=WEEKLY;BYDAY=FR, from 2026-12-01`. */
function describe(window: Schedule & { readonly name: string }): string {
  const days = window.recurrence === null ? "every day" : window.recurrence;
  const end = window.endDate === null ? "" : ` to ${window.endDate}`;
  const times = `${window.startTime}–${window.endTime} ${window.timeZone}`;
  return `Window ${window.name}: ${window.kind} ${times}, ${days}, from ${window.startDate}${end}`;
}
