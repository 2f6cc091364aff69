import type { Tx } from "../../../database/rows/tx.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import type { EventDraft } from "../../../events/draft.js";
import type { TxCtx } from "../../core/context.js";
import { dropTargets } from "./ending.js";

/**
 * Removes apps from waiting promotions, because a newer promotion goes to these apps or waits for them. So at most one
 * promotion waits for an app, and none of them deploys an older build later. The caller holds the locks of `lockApps`.
 */
export async function supersedeWaiting(
  tx: Tx,
  ctx: TxCtx,
  newer: Promotion,
  appIds: readonly string[],
): Promise<EventDraft[]> {
  const targets = await tx.find(PromotionTarget, { appId: appIds, ownPhase: "WAITING" });
  const ids = [...new Set(targets.map((target) => target.promotionId))].filter((id) => id !== newer.id);
  const events: EventDraft[] = [];
  for (const older of ids.length === 0 ? [] : await tx.find(Promotion, { id: ids }, { order: "position" })) {
    events.push(...(await dropTargets(tx, ctx, older, appIds, { phase: "SUPERSEDED", supersededBy: newer.id })));
  }
  return events;
}
