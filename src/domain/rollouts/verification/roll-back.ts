import sql from "sql-template-tag";
import { currentReleases } from "../../../database/queries/current-releases.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import { Build } from "../../../entities/builds/build.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { Release } from "../../../entities/releases/release.js";
import { type EventDraft, releaseChanged, type VerificationProblem } from "../../../events/draft.js";
import { asSystem, SYSTEM_VIEWER, type TxCtx } from "../../core/context.js";
import { NOT_FORCED } from "../../gates/override.js";
import { insertRelease } from "../../releases/new-releases.js";
import { requireReleasedApp } from "../../releases/release-app.js";
import { holdAutomation } from "../automation/holds.js";
import { isNotQuarantined } from "../quarantine/in-force.js";

/**
 * Rolls an app back from a release whose verification failed. Does nothing if the release is itself a rollback or no
 * longer current, if another release is queued or deploying, or if there is no release to roll back to.
 *
 * @returns the events, by the service; null if the app was not rolled back
 */
export async function rollBack(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  cause: VerificationProblem,
): Promise<EventDraft[] | null> {
  if (release.trigger === "ROLLBACK") return null;
  const current = (await currentReleases(tx, [release.appId])).get(release.appId);
  const behind = await tx.first(Release, { appId: release.appId, phase: ["QUEUED", "DEPLOYING"] });
  if (current?.id !== release.id || behind !== null) return null;
  const coupling = await tx.first(Coupling, { appId: release.appId });
  const back = await findBack(tx, release, coupling);
  const build = back && (await tx.first(Build, { id: back.buildId }));
  if (back === null || build === null) return null;
  const system = asSystem(ctx);
  const { release: rollback, events } = await insertRelease(tx, system, await requireReleasedApp(tx, release), {
    ...{ build, trigger: "ROLLBACK", override: NOT_FORCED },
    description: `Rollback to v${back.version}: the verification of v${release.version} failed`,
  });
  const reason = `The app was rolled back to v${back.version}: ${cause.problem}`;
  const all = [
    releaseChanged("AUTOMATIC_ROLLBACK", rollback, coupling?.pipelineId ?? null, cause),
    ...events,
    ...(await holdAutomation(tx, system, [release.appId], reason)),
  ];
  return all.map((event) => ({ ...event, actor: SYSTEM_VIEWER }));
}

/**
 * The release to roll back to: the newest verified one of another build; otherwise what the app ran before: for a
 * promoted release, when its target was admitted. Never one whose build is quarantined.
 */
async function findBack(reader: Reader, release: Release, coupling: Coupling | null): Promise<Release | null> {
  const isGood = coupling === null ? sql`1 = 1` : isNotQuarantined(reader, coupling.stage);
  const others = sql`e.app_id = ${release.appId} AND e.version < ${release.version} AND e.phase = 'SUCCEEDED'
    AND e.build_id <> ${release.buildId} AND ${isGood}`;
  const [verified] = await reader.select(
    "newest_verified_release",
    Release,
    sql`WHERE ${others} AND e.verification_state = 'VERIFIED' ORDER BY e.version DESC LIMIT 1`,
  );
  if (verified !== undefined) return verified;
  const target = await reader.first(PromotionTarget, { releaseId: release.id });
  if (target?.previousReleaseId != null) {
    const [previous] = await reader.select(
      "previous_release",
      Release,
      sql`WHERE e.id = ${target.previousReleaseId} AND ${others}`,
    );
    return previous ?? null;
  }
  const [previous] = await reader.select(
    "newest_release_before",
    Release,
    sql`WHERE ${others} ORDER BY e.version DESC LIMIT 1`,
  );
  return target === null ? (previous ?? null) : null;
}
