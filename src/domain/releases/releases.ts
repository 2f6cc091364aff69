import { currentReleases } from "../../database/queries/current-releases.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import type { DeploymentPhase } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Blocker } from "../../entities/releases/plan.js";
import { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import type { EventDraft } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import { LIMITS, optional, parseText } from "../core/input.js";
import { type LockedApp, lockApp, lockAppInPipeline, lockApps, lockGates } from "../core/locks.js";
import { requireApp, requireBuild, requireRelease } from "../core/references.js";
import { badInput, blocked, conflict } from "../core/refusal.js";
import { transactionTime } from "../core/values/time.js";
import { evaluateGates } from "../gates/evaluate.js";
import type { Subject } from "../gates/gate.js";
import { GATES } from "../gates/gates.js";
import { applyOverride, NOT_FORCED, type OverrideInput, parseOverride } from "../gates/override.js";
import { clearWaiting, lockCleared } from "../promotions/waiting/clear-waiting.js";
import { holdAutomation } from "../rollouts/automation/holds.js";
import { lockAutomatic, promoteAtOnce } from "../rollouts/automation/promote-from.js";
import { endByForce } from "../rollouts/quarantine/end.js";
import { quarantineGate } from "../rollouts/quarantine/quarantine-gate.js";
import { updatePhase } from "./deployments.js";
import { defaultDescription, insertRelease } from "./new-releases.js";
import { isFinal } from "./phases.js";
import { nextDeadline, requireReleasedApp } from "./release-app.js";
import { findRollbackTarget } from "./rollback-target.js";

export interface CreateReleaseInput extends OverrideInput {
  readonly app: string;
  readonly build: string;
  readonly description?: string | null;
  readonly idempotencyKey?: string | null;
}

/**
 * Releases a build directly to an app. The gates of promotions apply too; see `evaluateRelease`.
 *
 * @throws Refusal PROMOTION_BLOCKED with every blocker; FORBIDDEN if the viewer may not use `force`
 */
export async function createRelease(ctx: Ctx, input: CreateReleaseInput): Promise<Release> {
  permit(ctx.viewer, "createRelease");
  const override = parseOverride(ctx.viewer, "forceRelease", input);
  const description = optional(input.description, (value) => parseText("description", value, LIMITS.description));
  return withIdempotency(ctx, "createRelease", input, Release, async (tx) => {
    const { id } = await requireApp(tx, "app", input.app);
    const mayPromote = await lockAutomatic(tx, id);
    const locked = await lockAppInPipeline(tx, "app", id);
    const { app } = locked;
    const build = await requireBuild(tx, "build", input.build, { lock: override.forced ? "change" : "share" });
    if (build.phase !== "SUCCEEDED") {
      throw conflict(`Only a build that has SUCCEEDED can be released; build ${build.id} is ${build.phase}.`);
    }
    const blockers = applyOverride(input, await evaluateRelease(tx, ctx, locked, build));
    if (blockers.length > 0) throw blocked(`The release onto ${app.name}`, blockers);
    const { release, events } = await insertRelease(tx, ctx, app, {
      build,
      trigger: "DEPLOY",
      description: description || defaultDescription(build),
      override,
    });
    events.push(
      ...(await holdAutomation(tx, ctx, [app.id], `v${release.version} was released straight onto the app.`)),
    );
    if (override.forced && locked.coupling !== null) {
      events.push(...(await endByForce(tx, ctx, build, locked.coupling.stage, override.reason)));
    }
    if (mayPromote && isFinal(release.phase)) events.push(...(await promoteAtOnce(tx, ctx, app.id)));
    await append(tx, ctx.viewer, ctx.now(), events);
    return release;
  });
}

/**
 * What blocks a direct release. Only a quarantine blocks a build that has succeeded on the app before, because it may
 * have been found bad on this app.
 */
async function evaluateRelease(
  tx: Tx,
  ctx: TxCtx,
  { app, coupling, pipeline }: LockedApp,
  build: Build,
): Promise<readonly Blocker[]> {
  if (coupling === null) return [];
  const gates = (await hasSucceeded(tx, app, build)) ? [quarantineGate] : GATES;
  await lockGates(tx, "share");
  const target = { coupling, app };
  const subject: Subject = { way: "RELEASE", pipeline, build, release: null, to: coupling.stage, targets: [target] };
  const [verdict] = await evaluateGates(tx, await transactionTime(tx, ctx), [subject], gates);
  if (verdict === undefined) throw new Error("The release was not evaluated.");
  return verdict.blockers;
}

export interface RollbackInput {
  readonly app: string;
  readonly release?: string | null;
  readonly reason?: string | null;
  readonly idempotencyKey?: string | null;
}

/**
 * Releases an earlier build of an app again, as a new release. No gate applies, because the build has already succeeded
 * on the app.
 *
 * @throws Refusal CONFLICT if there is no build to go back to
 */
export async function rollback(ctx: Ctx, input: RollbackInput): Promise<Release> {
  permit(ctx.viewer, "rollback");
  const reason = optional(input.reason, (value) => parseText("reason", value, LIMITS.description));
  return withIdempotency(ctx, "rollback", input, Release, async (tx) => {
    const app = await lockApp(tx, "app", input.app);
    const back =
      input.release == null ? await findRollbackTarget(tx, app) : await requireRelease(tx, "release", input.release);
    if (back.appId !== app.id) throw badInput("release", `release must be a release of ${app.name}.`);
    if (back.phase !== "SUCCEEDED") {
      throw conflict(
        `v${back.version} of ${app.name} is ${back.phase}; only a release that SUCCEEDED can be rolled back to.`,
      );
    }
    const build = await requireBuild(tx, "release", back.buildId, { lock: "share" });
    const { release, events } = await insertRelease(tx, ctx, app, {
      build,
      trigger: "ROLLBACK",
      description: reason ? `Rollback to v${back.version}: ${reason}` : `Rollback to v${back.version}`,
      override: NOT_FORCED,
    });
    events.push(...(await holdAutomation(tx, ctx, [app.id], `The app was rolled back to v${back.version}.`)));
    await append(tx, ctx.viewer, ctx.now(), events);
    return release;
  });
}

export interface ReportDeploymentInput {
  readonly release: string;
  readonly phase: DeploymentPhase;
  readonly failureReason?: string | null;
}

/**
 * Records a deployer's report. DEPLOYING restarts the timeout; SUCCEEDED or FAILED ends the deployment, and the queued
 * release starts. SUCCEEDED is also accepted after a timeout. A repeated report changes nothing.
 */
export async function reportDeployment(ctx: Ctx, input: ReportDeploymentInput): Promise<Release> {
  permit(ctx.viewer, "reportDeployment");
  const { phase } = input;
  const reason = optional(input.failureReason, (value) => parseText("failureReason", value, LIMITS.description));
  if (reason !== null && phase !== "FAILED") {
    throw badInput("failureReason", "failureReason must be omitted unless the phase is FAILED.");
  }
  return ctx.db.write(async (tx) => {
    const found = await requireRelease(tx, "release", input.release);
    const mayPromote = phase === "SUCCEEDED" && (await lockAutomatic(tx, found.appId));
    await lockCleared(tx, { builds: [found.buildId] });
    const release = (await lockApps(tx, [found.appId])) ? await requireRelease(tx, "release", found.id) : found;
    if (release.phase === "DEPLOYING" && phase === "DEPLOYING") {
      release.deployDeadline = nextDeadline(ctx, await requireReleasedApp(tx, release));
      await tx.update(Release, { id: release.id }, { deployDeadline: release.deployDeadline });
      return release;
    }
    if (release.phase === phase) return release;
    if (release.phase !== "DEPLOYING") await requireLateSuccess(tx, release, phase);
    const events = await updatePhase(tx, ctx, release, phase, { failureReason: reason });
    events.push(...(await clearAfterEnd(tx, ctx, release)));
    if (mayPromote) events.push(...(await promoteAtOnce(tx, ctx, release.appId)));
    await append(tx, ctx.viewer, ctx.now(), events);
    return release;
  });
}

/** Evaluates the waiting promotions of a release that has ended. */
async function clearAfterEnd(tx: Tx, ctx: TxCtx, { buildId, phase }: Release): Promise<EventDraft[]> {
  return isFinal(phase) ? clearWaiting(tx, ctx, { builds: [buildId] }) : [];
}

/**
 * Accepts a late report: a release that FAILED by a timeout becomes SUCCEEDED, unless a newer release of the app has
 * SUCCEEDED since.
 *
 * @throws Refusal CONFLICT for every other change of a release that is not DEPLOYING
 */
async function requireLateSuccess(reader: Reader, release: Release, phase: DeploymentPhase): Promise<void> {
  if (!release.timedOut || phase !== "SUCCEEDED") {
    throw conflict(
      `v${release.version} is ${release.phase} and cannot become ${phase}. Only a DEPLOYING release changes its phase, or one that timed out and SUCCEEDED after all.`,
    );
  }
  const newest = (await currentReleases(reader, [release.appId])).get(release.appId);
  if (newest === undefined || newest.version < release.version) return;
  throw conflict(
    `v${release.version} timed out, and v${newest.version} has SUCCEEDED since: the late report changes nothing.`,
  );
}

/** Whether a build has already succeeded on an app. */
export async function hasSucceeded(reader: Reader, app: App, build: Build): Promise<boolean> {
  return (await reader.first(Release, { appId: app.id, buildId: build.id, phase: "SUCCEEDED" })) !== null;
}
