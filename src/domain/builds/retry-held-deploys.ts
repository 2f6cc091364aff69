import sql from "sql-template-tag";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { HeldDeploy } from "../../entities/builds/held-deploy.js";
import { append } from "../../events/append.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { lockGates } from "../core/locks.js";
import { retryDeploy } from "./auto-deploy.js";
import { lockFollowers } from "./followers.js";

/** Deploys held builds whose gates may have opened. Decides again about each build, in a separate transaction. */
export async function retryHeldDeploys(ctx: Ctx): Promise<void> {
  const due = await ctx.db.reader.select(
    "due_held_deploys",
    HeldDeploy,
    sql`WHERE e.retry_at IS NOT NULL AND e.retry_at <= ${ctx.now().getTime()} ORDER BY e.retry_at, e.app_id`,
  );
  for (const { appId } of due) await ctx.db.write((tx) => retry(tx, ctx, appId));
}

async function retry(tx: Tx, ctx: TxCtx, appId: string): Promise<void> {
  const found = await tx.first(HeldDeploy, { appId });
  const build = found && (await tx.first(Build, { id: found.buildId }));
  if (build === null) return;
  await lockFollowers(tx, build);
  await tx.lock(Build, [build.id], "share");
  // `wakeWaiting` holds this lock too when it makes held deploys due.
  await lockGates(tx, "share");
  // Another instance may have deployed it, or a newer build may have replaced it.
  const held = await tx.first(HeldDeploy, { appId, buildId: build.id });
  if (held === null) return;
  await tx.delete(HeldDeploy, { appId });
  await append(tx, ctx.viewer, ctx.now(), await retryDeploy(tx, ctx, build, held));
}
