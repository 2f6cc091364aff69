import { currentReleases } from "../../database/queries/current-releases.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { Release } from "../../entities/releases/release.js";
import type { EventDraft } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import type { LockedApp } from "../core/locks.js";
import { blocked } from "../core/refusal.js";
import { transactionTime } from "../core/values/time.js";
import { evaluateGates } from "../gates/evaluate.js";
import type { Subject } from "../gates/gate.js";
import { CONFIG_GATES } from "../gates/gates.js";
import { applyOverride, type Override } from "../gates/override.js";
import { insertRelease } from "../releases/new-releases.js";

/**
 * Releases a new version of the config of a REPORTED app, so that its deployer applies it:
 * - A QUEUED release is deployed with the new version. There is no further release.
 * - While a release is DEPLOYING, its build is queued again.
 * - Otherwise the current build is released again.
 *
 * An IMMEDIATE app has no deployer, and an app without a current release has nothing to release.
 *
 * @param locked the app, with the new version
 * @throws Refusal PROMOTION_BLOCKED if freezes or windows keep the app from being released
 */
export async function releaseConfig(
  tx: Tx,
  ctx: TxCtx,
  locked: LockedApp,
  override: Override,
): Promise<{ release: Release | null; events: EventDraft[] }> {
  const { app } = locked;
  if (app.deploymentMode !== "REPORTED") return { release: null, events: [] };
  const { configVersion } = app;
  const queued = await tx.first(Release, { appId: app.id, phase: "QUEUED" });
  if (queued !== null) {
    await requireOpen(tx, ctx, locked, queued, override);
    await tx.update(Release, { id: queued.id }, { configVersion });
    return { release: Object.assign(queued, { configVersion }), events: [] };
  }
  const running =
    (await tx.first(Release, { appId: app.id, phase: "DEPLOYING" })) ??
    (await currentReleases(tx, [app.id])).get(app.id) ??
    null;
  if (running === null) return { release: null, events: [] };
  const build = await requireOpen(tx, ctx, locked, running, override);
  return insertRelease(tx, ctx, app, {
    build,
    trigger: "CONFIG",
    description: `Config version ${configVersion}`,
    override,
  });
}

/** The build of a release, if the gates let it be released with a new version of the config. */
async function requireOpen(
  tx: Tx,
  ctx: TxCtx,
  { app, coupling, pipeline }: LockedApp,
  release: Release,
  override: Override,
): Promise<Build> {
  const build = await tx.first(Build, { id: release.buildId }, { lock: "share" });
  if (build === null) throw new Error(`Release ${release.id} has lost its build.`);
  if (coupling === null) return build;
  const subject: Subject = {
    way: "CONFIG",
    pipeline,
    build,
    release: null,
    to: coupling.stage,
    targets: [{ coupling, app }],
  };
  const [verdict] = await evaluateGates(tx, await transactionTime(tx, ctx), [subject], CONFIG_GATES);
  if (verdict === undefined) throw new Error("The change of config was not evaluated.");
  const blockers = applyOverride({ force: override.forced }, verdict.blockers);
  if (blockers.length > 0) throw blocked(`The change of ${app.name}'s config`, blockers);
  return build;
}
