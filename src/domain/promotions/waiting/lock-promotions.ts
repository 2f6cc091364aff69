import type { Tx } from "../../../database/rows/tx.js";
import { App } from "../../../entities/pipelines/app.js";
import { Pipeline } from "../../../entities/pipelines/pipeline.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { lockApps } from "../../core/locks.js";

/** Locks the rows that the evaluation of waiting promotions depends on, in the lock order up to promotions. */
export async function lockPromotions(tx: Tx, promotions: readonly Promotion[]): Promise<void> {
  if (!tx.dialect.concurrent || promotions.length === 0) return;
  const unique = (ids: readonly string[]) => [...new Set(ids)];
  await tx.lock(Pipeline, unique(promotions.map((one) => one.pipelineId)), "share");
  await tx.lock(App, unique(promotions.map((one) => one.sourceAppId)), "change");
  const targets = await tx.find(PromotionTarget, { promotionId: promotions.map((one) => one.id) });
  await lockApps(tx, unique(targets.map((target) => target.appId)));
  await tx.lock(
    Promotion,
    promotions.map((one) => one.id),
    "change",
  );
}
