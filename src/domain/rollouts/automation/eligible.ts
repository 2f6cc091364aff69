import { currentReleases } from "../../../database/queries/current-releases.js";
import type { Reader } from "../../../database/rows/reader.js";
import { Build } from "../../../entities/builds/build.js";
import type { Stage } from "../../../entities/core/enums.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { Release } from "../../../entities/releases/release.js";
import { findReleasedBuilds, isNewer, toOrdered } from "../../builds/build-order.js";
import { findQuarantined } from "../quarantine/in-force.js";

/**
 * The apps of a stage to which the current release of a source app may be promoted automatically, in their order; none
 * if its build is quarantined there. An app is eligible if
 * - its automation is not held;
 * - the build is newer than every build of its branch that was released on the app, and the app runs nothing or a build
 *   of that branch;
 * - no release is in progress on it, and no promotion waits for it, except an automatic one that has not started.
 */
export async function findEligible(reader: Reader, source: Coupling, to: Stage): Promise<string[]> {
  const current = (await currentReleases(reader, [source.appId])).get(source.appId);
  const build = current === undefined ? null : await reader.first(Build, { id: current.buildId });
  if (build === null || (await findQuarantined(reader, [build.id], to)).size > 0) return [];
  const all = await reader.find(Coupling, { pipelineId: source.pipelineId, stage: to }, { order: "position" });
  const free = all.filter(({ automationHold }) => automationHold === null).map(({ appId }) => appId);
  if (free.length === 0) return [];
  const busy = await findBusy(reader, free);
  const running = await currentReleases(reader, free);
  const released = await findReleasedBuilds(
    reader,
    free.map((appId) => ({ appId, build, of: "BRANCH" as const })),
  );
  const [ordered] = await toOrdered(reader, [build]);
  return free.filter((appId, index) => {
    const others = released[index] ?? [];
    const runs = running.get(appId);
    const isOfBranch = runs === undefined || others.some((other) => other.build.id === runs.buildId);
    return !busy.has(appId) && isOfBranch && ordered !== undefined && others.every((other) => isNewer(ordered, other));
  });
}

/** The apps with a release in progress, or for which a promotion of a person, or a later wave of a rollout, waits. */
async function findBusy(reader: Reader, appIds: readonly string[]): Promise<ReadonlySet<string>> {
  const underWay = await reader.find(Release, { appId: [...appIds], phase: ["QUEUED", "DEPLOYING"] });
  const targets = await reader.find(PromotionTarget, { appId: [...appIds], ownPhase: ["WAITING", "VERIFYING"] });
  const ids = [...new Set(targets.map(({ promotionId }) => promotionId))];
  const promotions = ids.length === 0 ? [] : await reader.find(Promotion, { id: ids });
  const replaceable = new Set(promotions.filter((one) => one.automatic && one.phase === "WAITING").map(({ id }) => id));
  return new Set([
    ...underWay.map(({ appId }) => appId),
    ...targets.filter(({ promotionId }) => !replaceable.has(promotionId)).map(({ appId }) => appId),
  ]);
}
