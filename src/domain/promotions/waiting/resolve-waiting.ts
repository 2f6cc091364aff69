import type { Reader } from "../../../database/rows/reader.js";
import { Build } from "../../../entities/builds/build.js";
import type { Stage } from "../../../entities/core/enums.js";
import { App } from "../../../entities/pipelines/app.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { Pipeline } from "../../../entities/pipelines/pipeline.js";
import type { Promotion } from "../../../entities/releases/promotion.js";
import type { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { Release } from "../../../entities/releases/release.js";
import { byId } from "../../core/by-id.js";
import { groupBy } from "../../core/group-by.js";
import type { Resolved } from "../evaluation.js";

/**
 * Reads the rows that waiting promotions depend on. Null if the pipeline is deleted, or a row is not visible to the
 * reader.
 *
 * @param targets those of all the promotions
 * @returns aligned with `promotions`. `targets` are the waiting ones that are still in the stage; for a promotion in
 *   progress, only those of its next wave.
 */
export async function resolveWaiting(
  reader: Reader,
  promotions: readonly Promotion[],
  targets: readonly PromotionTarget[],
): Promise<(Resolved | null)[]> {
  // In the order of the request, as in its plan.
  const waiting = targets
    .filter((target) => target.ownPhase === "WAITING")
    .sort((one, other) => one.position - other.position);
  const appIds = [...waiting.map((target) => target.appId), ...promotions.map((one) => one.sourceAppId)];
  const pipelines = await byId(reader.find(Pipeline, { id: promotions.map((one) => one.pipelineId), deletedAt: null }));
  const apps = await byId(reader.find(App, { id: [...new Set(appIds)] }));
  const builds = await byId(reader.find(Build, { id: promotions.map((one) => one.buildId) }));
  const releases = await byId(reader.find(Release, { id: promotions.map((one) => one.releaseId) }));
  const couplings = groupBy(await reader.find(Coupling, { appId: [...new Set(appIds)] }), ({ appId }) => appId);
  const findCoupling = (appId: string, pipelineId: string, stage: Stage) =>
    couplings.get(appId)?.find((one) => one.pipelineId === pipelineId && one.stage === stage);
  const targetsByPromotion = groupBy(targets, ({ promotionId }) => promotionId);
  const waitingByPromotion = groupBy(waiting, ({ promotionId }) => promotionId);
  return promotions.map((promotion) => {
    const pipeline = pipelines.get(promotion.pipelineId);
    const source = apps.get(promotion.sourceAppId);
    const build = builds.get(promotion.buildId);
    const release = releases.get(promotion.releaseId);
    if (pipeline === undefined || source === undefined || build === undefined || release === undefined) return null;
    const own = targetsByPromotion.get(promotion.id) ?? [];
    const next = promotion.phase === "IN_PROGRESS" ? findNextWave(own) : null;
    const mine = (waitingByPromotion.get(promotion.id) ?? []).flatMap((target) => {
      if (next !== null && target.wave !== next) return [];
      const app = apps.get(target.appId);
      const coupling = findCoupling(target.appId, promotion.pipelineId, promotion.to);
      return app === undefined || coupling === undefined ? [] : [{ app, coupling }];
    });
    const { to, forced: force, notBefore } = promotion;
    const promotionTargets = own;
    return {
      pipeline,
      source,
      build,
      release,
      to,
      targets: mine,
      force,
      notBefore,
      parity: promotion.configParity,
      promotion,
      promotionTargets,
    };
  });
}

/** The lowest wave with waiting targets. */
function findNextWave(targets: readonly PromotionTarget[]): number | null {
  const waves = targets.filter(({ ownPhase }) => ownPhase === "WAITING").map(({ wave }) => wave);
  return waves.length === 0 ? null : Math.min(...waves);
}
