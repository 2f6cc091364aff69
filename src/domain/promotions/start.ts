import { currentReleases } from "../../database/queries/current-releases.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import type { App } from "../../entities/pipelines/app.js";
import { type CheckResult, Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, promotionChanged, promotionTargetChanged, releaseChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { type MadeReleases, prepareReleases, promotionPhase, type ReleaseRequest } from "../releases/deployments.js";
import { supersedeWaiting } from "./supersession.js";

/** A promotion that every gate lets through, and what it needs to start. */
export interface Admitted {
  /** Its row. A new one is inserted; one that waited is updated. */
  readonly promotion: Promotion;
  readonly isNew: boolean;
  readonly targets: readonly AdmittedTarget[];
  /** Targets that ended while it waited. */
  readonly ended: readonly PromotionTarget[];
}

/** Prepares the releases of a promotion on its targets, in their order. */
export type MakeReleases = (tx: Tx, ctx: TxCtx) => Promise<MadeReleases>;

export interface AdmittedTarget {
  readonly app: App;
  readonly target: PromotionTarget;
  readonly checks: readonly CheckResult[];
}

/** The releases of the promoted build on the targets. */
export function copiesOf(build: Build, source: App, { promotion, targets }: Admitted): MakeReleases {
  const { id: promotionId, forced, reason } = promotion;
  const request: ReleaseRequest = {
    ...{ build, trigger: "PROMOTION", description: `Promotion from ${source.name}` },
    ...{ promotionId, override: { forced, reason } },
  };
  const apps = targets.map(({ app }) => app);
  return (tx, ctx) => prepareReleases(tx, ctx, apps, request);
}

/**
 * Starts a promotion: creates its releases on all targets. The same for a promotion that goes at once, one that waited, and
 * one that undoes another. `promotion` is updated. The context's viewer is who asked for it.
 */
export async function start(tx: Tx, ctx: TxCtx, admitted: Admitted, makeReleases: MakeReleases): Promise<EventDraft[]> {
  const { promotion, isNew, targets } = admitted;
  const apps = targets.map(({ app }) => app);
  const appIds = apps.map((app) => app.id);
  const events = await supersedeWaiting(tx, ctx, promotion, appIds);
  const previous = await currentReleases(tx, appIds);
  const { releases, superseded } = await makeReleases(tx, ctx);
  const now = ctx.now();
  const ended = admitted.ended.flatMap(({ ownPhase }) => ownPhase ?? []);
  const phase = promotionPhase([...ended, ...releases.map((release) => release.phase)]);
  const needsReview = promotion.forcedPast.length > 0;
  Object.assign(promotion, { phase, wakeAt: null, needsReview, updatedAt: now });
  const rows = targets.map(({ app, target, checks }, index) => {
    const release = releases[index] as Release;
    const previousReleaseId = previous.get(app.id)?.id ?? null;
    const patch = {
      releaseId: release.id,
      position: release.position,
      ownPhase: null,
      previousReleaseId,
      checks: [...checks],
    };
    return { release, target: Object.assign(target, patch) };
  });
  if (isNew) await tx.insert(Promotion, [promotion]);
  else {
    const { forcedPast } = promotion;
    await tx.update(Promotion, { id: promotion.id }, { phase, wakeAt: null, forcedPast, needsReview, updatedAt: now });
    await tx.delete(PromotionTarget, { id: rows.map(({ target }) => target.id) });
  }
  await tx.insert(Release, releases);
  await tx.insert(
    PromotionTarget,
    rows.map(({ target }) => target),
  );
  const started = Object.assign(new Promotion(), promotion, { phase: "IN_PROGRESS" });
  events.push(
    promotionChanged("PROMOTION_STARTED", started, appIds),
    ...(needsReview ? [promotionChanged("PROMOTION_FORCED", started, appIds)] : []),
    ...superseded,
    ...rows.flatMap(({ release, target }) => [
      releaseChanged("RELEASE_CREATED", release, promotion.pipelineId),
      promotionTargetChanged(started, target, release.phase),
    ]),
  );
  if (phase !== "IN_PROGRESS") events.push(promotionChanged("PROMOTION_FINISHED", promotion, appIds));
  return events;
}
