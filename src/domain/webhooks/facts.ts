import { createLoaders } from "../../database/queries/loaders.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Build } from "../../entities/builds/build.js";
import type { Stage } from "../../entities/core/enums.js";
import { ChangeEvent } from "../../entities/history/change-event.js";
import { ConfigEvent } from "../../entities/history/config-event.js";
import type { LogEvent } from "../../entities/history/event.js";
import { PromotionEvent } from "../../entities/history/promotion-event.js";
import { ReleaseEvent, ReleaseStatusEvent } from "../../entities/history/release-event.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { explainWaiting } from "../promotions/waiting/explain-waiting.js";

/** The rows that an event refers to, in their current state. Null if the reader does not see them. */
export interface EventFacts {
  readonly event: LogEvent;
  readonly pipeline: Pipeline | null;
  /** The app of a release, the source of a promotion, or the app that changed or whose config did. */
  readonly app: App | null;
  readonly release: Release | null;
  /** Whether no release of the app had SUCCEEDED before this one. */
  readonly isFirstRelease: boolean;
  /** The stage that the app is in now; null if it is in no pipeline. */
  readonly stage: Stage | null;
  readonly build: Build | null;
  readonly promotion: Promotion | null;
  /** The app of a promotion's target that changed. */
  readonly target: App | null;
  /** How many targets the promotion has; 0 without a promotion. */
  readonly targets: number;
  /** What blocks the promotion now, one sentence each, if the event is PROMOTION_WAITING; otherwise empty. */
  readonly blockers: readonly string[];
}

/** Reads the rows that an event refers to. */
export async function readFacts(reader: Reader, event: LogEvent, now: Date): Promise<EventFacts> {
  // The time is not used: no loader below depends on it.
  const loaders = createLoaders(reader, async () => event.occurredAt, null);
  const { referenced } = loaders;
  const load = async <T>(loader: { load(id: string): Promise<T | null> }, id: string | null | undefined) =>
    id == null ? null : loader.load(id);
  const promotion = await load(loaders.promotion, event.promotionId);
  const releaseId = event.releaseId ?? promotion?.releaseId;
  const subjectId = event instanceof ChangeEvent ? event.subjectId : null;
  const appId = event instanceof ConfigEvent ? event.detail.appId : event.type.startsWith("APP_") ? subjectId : null;
  const [pipeline, release, targets] = await Promise.all([
    load(loaders.pipeline, event.pipelineId),
    load(referenced.release, releaseId),
    promotion === null ? [] : loaders.targetsOfPromotion.load(promotion.id),
  ]);
  const targetId = event instanceof PromotionEvent ? event.detail.targetId : null;
  const [app, build, target, coupling, first] = await Promise.all([
    load(referenced.app, release?.appId ?? appId),
    load(referenced.build, release?.buildId ?? (event.type.startsWith("BUILD_") ? subjectId : null)),
    load(referenced.app, targets.find(({ id }) => id === targetId)?.appId),
    load(loaders.couplingOfApp, release?.appId),
    release === null ? null : firstRelease(reader, release.appId),
  ]);
  const waiting = event.type === "PROMOTION_WAITING" && promotion !== null ? [promotion] : [];
  const blockers = (await explainWaiting(reader, waiting, now)).flat().map(({ message }) => message);
  return {
    ...{ event, pipeline, app, release, build, promotion, target, targets: targets.length },
    blockers: [...new Set(blockers)],
    ...{ stage: coupling?.stage ?? null, isFirstRelease: release !== null && first?.id === release.id },
  };
}

/** The first release of an app that SUCCEEDED. */
function firstRelease(reader: Reader, appId: string): Promise<Release | null> {
  return reader.first(Release, { appId, phase: "SUCCEEDED" }, { order: "version" });
}

/** One sentence for people, without a full stop. */
export function summarize(facts: EventFacts): string {
  const { event, app, release, target, targets } = facts;
  const named = `${app?.name ?? "an app"}${release === null ? "" : ` v${release.version}`}`;
  if (event instanceof ReleaseStatusEvent) return `${event.context} is ${event.state} on ${named}`;
  if (event instanceof ReleaseEvent) {
    const change = event.type === "RELEASE_CREATED" ? "created" : event.releasePhase.toLowerCase();
    const failure = event.releasePhase === "FAILED" && release?.failureReason ? `: ${release.failureReason}` : "";
    return `Release ${named} ${change}${failure}${forced(event)}`;
  }
  if (event instanceof PromotionEvent) {
    const promotion = `Promotion of ${named}`;
    if (event.type === "PROMOTION_TARGET_CHANGED")
      return `${promotion} to ${target?.name ?? "an app"}: ${event.targetPhase?.toLowerCase() ?? "changed"}`;
    const to = `to ${targets} ${targets === 1 ? "app" : "apps"}`;
    const change =
      event.type === "PROMOTION_STARTED" ? "started" : event.promotionPhase.toLowerCase().replaceAll("_", " ");
    return `${promotion} ${to} ${change}${forced(event)}`;
  }
  if (event instanceof ConfigEvent) {
    const what = event.type === "CONFIG_READ" ? "read at" : "changed to";
    return `Config of ${event.appName} ${what} version ${event.configVersion}: ${event.keys.join(", ")}`;
  }
  return event instanceof ChangeEvent ? event.summary : event.type;
}

function forced({ forced, forceReason }: PromotionEvent | ReleaseEvent): string {
  return forced ? `, forced: ${forceReason ?? "no reason"}` : "";
}

/** The address of the page about the event's subject; null if the address of the service is not known. */
export function linkTo(publicUrl: string | null, { promotion, app, pipeline }: EventFacts): string | null {
  if (publicUrl === null) return null;
  if (promotion !== null) return `${publicUrl}/promotions/${promotion.id}`;
  if (app !== null && app.deletedAt === null) return `${publicUrl}/apps/${app.name}`;
  if (pipeline !== null && pipeline.deletedAt === null) return `${publicUrl}/pipelines/${pipeline.name}`;
  return `${publicUrl}/`;
}
