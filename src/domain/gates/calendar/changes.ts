import sql from "sql-template-tag";
import type { EntityClass } from "../../../database/rows/entity-mapper.js";
import type { Tx } from "../../../database/rows/tx.js";
import { DeploymentWindow } from "../../../entities/gates/deployment-window.js";
import { Freeze } from "../../../entities/gates/freeze.js";
import { append } from "../../../events/append.js";
import { type EventDraft, gateChanged } from "../../../events/draft.js";
import type { Ctx, TxCtx } from "../../core/context.js";
import { lockGates } from "../../core/locks.js";
import { transactionTime } from "../../core/values/time.js";
import { endFreeze } from "../freezes/freezes.js";
import { evaluateWindow } from "../windows/activity.js";
import { removeWindow } from "../windows/windows.js";
import { loadScope, removeFromScopes } from "./scopes.js";

/*
 * Changes of windows and freezes without a request: they begin and end with time, and they end when everything that
 * they apply to was deleted. The events are only announcements. Gates evaluate schedules and times themselves, so a
 * late announcement opens nothing.
 */

/** After this time, a window that cannot be evaluated is evaluated again, in milliseconds: an hour. */
const RETRY_MS = 3_600_000;

/** Announces each window that became active or inactive, and each freeze that began or ended. */
export async function announceGateChanges(ctx: Ctx): Promise<void> {
  for (const id of await findDue(ctx, DeploymentWindow)) await ctx.db.write((tx) => announceWindow(tx, ctx, id));
  for (const id of await findDue(ctx, Freeze)) await ctx.db.write((tx) => announceFreeze(tx, ctx, id));
}

async function findDue(ctx: Ctx, entity: EntityClass<DeploymentWindow | Freeze>): Promise<string[]> {
  const rows = await ctx.db.reader.select(
    "due_announcements",
    entity,
    sql`WHERE e.announce_at IS NOT NULL AND e.announce_at <= ${ctx.now().getTime()} ORDER BY e.announce_at, e.position`,
  );
  return rows.map(({ id }) => id);
}

async function announceWindow(tx: Tx, ctx: TxCtx, id: string): Promise<void> {
  await lockGates(tx, "change");
  const now = await transactionTime(tx, ctx);
  const window = await tx.first(DeploymentWindow, { id, deletedAt: null });
  if (window === null || window.announceAt === null || window.announceAt > now) return;
  const { active, until, problem } = evaluateWindow(window, now);
  const changed = active !== window.announcedActive && problem === null;
  // A window that cannot be evaluated blocks. It is evaluated again, because a later version of the service may
  // succeed.
  const later = problem === null ? until : now.getTime() + RETRY_MS;
  const announceAt = later === null ? null : new Date(later);
  await tx.update(DeploymentWindow, { id }, { announcedActive: changed ? active : window.announcedActive, announceAt });
  if (!changed) return;
  const opens = active === (window.kind === "ALLOW");
  const summary = `Window ${window.name} ${active ? "began" : "ended"}`;
  const type = opens ? "GATE_OPENED" : "GATE_CLOSED";
  await append(tx, ctx.viewer, now, gateChanged(type, window, summary, await loadScope(tx, id)));
}

async function announceFreeze(tx: Tx, ctx: TxCtx, id: string): Promise<void> {
  await lockGates(tx, "change");
  const now = await transactionTime(tx, ctx);
  const freeze = await tx.first(Freeze, { id, ended: false });
  if (freeze === null || freeze.announceAt === null || freeze.announceAt > now) return;
  const scope = await loadScope(tx, id);
  if (freeze.endsAt !== null && freeze.endsAt <= now) {
    await append(tx, ctx.viewer, now, await endFreeze(tx, ctx, freeze, scope, `Freeze ended: ${freeze.reason}`));
    return;
  }
  await tx.update(Freeze, { id }, { announceAt: freeze.endsAt });
  await append(tx, ctx.viewer, now, gateChanged("GATE_CLOSED", freeze, `Deployments stopped: ${freeze.reason}`, scope));
}

/**
 * Removes a pipeline or app that is being deleted from the scopes of windows and freezes. If it was the last one in a
 * list, the window or freeze ends, instead of applying to more than before. Returns the events.
 */
export async function endGatesFor(
  tx: Tx,
  ctx: TxCtx,
  kind: "PIPELINE" | "APP",
  subject: string,
): Promise<EventDraft[]> {
  const events: EventDraft[] = [];
  for (const id of await removeFromScopes(tx, kind, subject)) {
    await lockGates(tx, "change");
    const scope = await loadScope(tx, id);
    const window = await tx.first(DeploymentWindow, { id, deletedAt: null });
    if (window !== null) {
      const summary = `Window ${window.name} deleted: what it applied to was deleted`;
      events.push(...(await removeWindow(tx, ctx, window, scope, summary)));
    }
    const freeze = await tx.first(Freeze, { id, ended: false });
    if (freeze !== null) {
      events.push(...(await endFreeze(tx, ctx, freeze, scope, "Freeze ended: what it applied to was deleted")));
    }
  }
  return events;
}
