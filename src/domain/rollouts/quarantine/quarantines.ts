import type { Tx } from "../../../database/rows/tx.js";
import { Build } from "../../../entities/builds/build.js";
import { Quarantine } from "../../../entities/builds/quarantine.js";
import { toActorColumns } from "../../../entities/core/actor-columns.js";
import type { Stage } from "../../../entities/core/enums.js";
import { append } from "../../../events/append.js";
import type { EventDraft } from "../../../events/draft.js";
import { permit, permitRepository } from "../../access/actions.js";
import { shortSha } from "../../builds/build-events.js";
import type { Ctx, TxCtx } from "../../core/context.js";
import { withIdempotency } from "../../core/idempotency.js";
import { LIMITS, parseLine } from "../../core/input.js";
import { requireBuild } from "../../core/references.js";
import { newId } from "../../core/values/id.js";
import { transactionTime } from "../../core/values/time.js";
import { clearWaiting, lockCleared } from "../../promotions/waiting/clear-waiting.js";
import { endQuarantines, quarantineEvents } from "./end.js";
import { findQuarantines } from "./in-force.js";

export interface QuarantineBuildInput {
  readonly build: string;
  readonly fromStage: Stage;
  readonly reason: string;
  readonly idempotencyKey?: string | null;
}

/**
 * Keeps a build out of a stage and all later ones, until an administrator releases it. Running and deploying releases
 * of it stay. Changes nothing if the build is already quarantined from this stage on.
 */
export async function quarantineBuild(ctx: Ctx, input: QuarantineBuildInput): Promise<Build> {
  permit(ctx.viewer, "quarantineBuild");
  const reason = parseLine("reason", input.reason, LIMITS.description);
  return withIdempotency(ctx, "quarantineBuild", input, Build, async (tx) => {
    const build = await requireBuild(tx, "build", input.build, { lock: "change" });
    await permitRepository(tx, ctx.viewer, "quarantineBuild", build.repository);
    await append(tx, ctx.viewer, ctx.now(), await quarantine(tx, ctx, build, input.fromStage, reason));
    return build;
  });
}

/**
 * Quarantines a build as the viewer of the context. The caller has locked the build for a change. Evaluations lock it
 * shared, so each of them sees the quarantine or ends before it.
 *
 * @returns the events; none if the build is already quarantined from this stage on
 */
export async function quarantine(
  tx: Tx,
  ctx: TxCtx,
  build: Build,
  fromStage: Stage,
  reason: string,
): Promise<EventDraft[]> {
  const inForce = await findQuarantines(tx, [build.id]);
  if (inForce.some((one) => one.fromStage === fromStage)) return [];
  const row = Object.assign(new Quarantine(), {
    ...{ id: newId(), buildId: build.id, fromStage, reason },
    ...{ ...toActorColumns("by", ctx.viewer), createdAt: await transactionTime(tx, ctx), endedAt: null },
  });
  await tx.insert(Quarantine, [row]);
  const summary = `Build of ${shortSha(build)} quarantined from ${fromStage} on: ${reason}`;
  return quarantineEvents(tx, "BUILD_QUARANTINED", build, summary);
}

export interface ReleaseBuildInput {
  readonly build: string;
  readonly reason: string;
}

/**
 * Ends all quarantines of a build. Promotions that waited only for this start in the same transaction. Changes nothing
 * if the build is not quarantined.
 */
export async function releaseBuild(ctx: Ctx, input: ReleaseBuildInput): Promise<Build> {
  permit(ctx.viewer, "releaseBuild");
  const reason = parseLine("reason", input.reason, LIMITS.description);
  return ctx.db.write(async (tx) => {
    const found = await requireBuild(tx, "build", input.build);
    await permitRepository(tx, ctx.viewer, "releaseBuild", found.repository);
    await lockCleared(tx, { builds: [found.id] });
    const build = await requireBuild(tx, "build", found.id, { lock: "change" });
    const ended = await endQuarantines(tx, ctx, build, await findQuarantines(tx, [build.id]), reason);
    if (ended.length === 0) return build;
    await append(tx, ctx.viewer, ctx.now(), [...ended, ...(await clearWaiting(tx, ctx, { builds: [build.id] }))]);
    return build;
  });
}
