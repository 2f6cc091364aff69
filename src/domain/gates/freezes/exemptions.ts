import { toActorColumns } from "../../../entities/core/actor-columns.js";
import type { Freeze } from "../../../entities/gates/freeze.js";
import { FreezeExemption } from "../../../entities/gates/freeze.js";
import { append } from "../../../events/append.js";
import { gateChanged } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import type { Ctx } from "../../core/context.js";
import { LIMITS, parseId, parseLine } from "../../core/input.js";
import { requireApp, requireBuild } from "../../core/references.js";
import { badInput, conflict } from "../../core/refusal.js";
import { newId } from "../../core/values/id.js";
import { transactionTime } from "../../core/values/time.js";
import { loadScope } from "../calendar/scopes.js";
import { lockGateChange, wakeWaiting } from "../calendar/wake.js";
import { refuseBeyondScope } from "../windows/windows.js";
import { requireLiveFreeze } from "./freezes.js";

/** The most exemptions of one freeze, including expired ones. */
const MAX_EXEMPTIONS = 100;

export interface ExemptFromFreezeInput {
  readonly freeze: string;
  readonly build?: string | null;
  readonly app?: string | null;
  readonly reason: string;
  readonly expiresAt: Date;
}

/** Lets a build, or everything for an app, through a freeze until `expiresAt`. */
export async function exemptFromFreeze(ctx: Ctx, input: ExemptFromFreezeInput): Promise<Freeze> {
  permit(ctx.viewer, "exemptFromFreeze");
  const reason = parseLine("reason", input.reason, LIMITS.description);
  if ((input.build == null) === (input.app == null)) throw badInput("build", "Name either a build or an app.");
  return ctx.db.write(async (tx) => {
    await lockGateChange(tx, await loadScope(tx, parseId("freeze", input.freeze)));
    const freeze = await requireLiveFreeze(tx, ctx, input.freeze);
    await refuseBeyondScope(tx, ctx, freeze.id);
    const now = await transactionTime(tx, ctx);
    if (input.expiresAt <= now) throw badInput("expiresAt", "expiresAt must be in the future.");
    const build = input.build == null ? null : await requireBuild(tx, "build", input.build);
    const app = input.app == null ? null : await requireApp(tx, "app", input.app);
    if ((await tx.count(FreezeExemption, { freezeId: freeze.id })) >= MAX_EXEMPTIONS) {
      throw conflict(`The freeze has ${MAX_EXEMPTIONS} exemptions already.`);
    }
    const exemption = Object.assign(new FreezeExemption(), {
      ...{ id: newId(), freezeId: freeze.id, buildId: build?.id ?? null, appId: app?.id ?? null, reason },
      ...{ ...toActorColumns("by", ctx.viewer), createdAt: now, expiresAt: input.expiresAt },
    });
    await tx.insert(FreezeExemption, [exemption]);
    const what = app === null ? `build ${build?.id}` : app.name;
    const summary = `Freeze lets ${what} through until ${input.expiresAt.toISOString()}: ${reason}`;
    const scope = await loadScope(tx, freeze.id);
    await append(tx, ctx.viewer, now, [
      ...gateChanged("FREEZE_EXEMPTED", freeze, summary, scope),
      ...(await wakeWaiting(tx, ctx, scope)),
    ]);
    return freeze;
  });
}
