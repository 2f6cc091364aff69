import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import type { ReleaseTrigger } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import { Release } from "../../entities/releases/release.js";
import { type EventDraft, releaseChanged } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { newId } from "../core/values/id.js";
import { nextPositions } from "../core/values/position.js";
import { transactionTime } from "../core/values/time.js";
import { findFreezesInForce } from "../gates/freezes/freeze-record.js";
import type { Override } from "../gates/override.js";
import { promoteLater } from "../rollouts/automation/promote-later.js";
import { findVerifications, NOT_VERIFIED, startVerification } from "../rollouts/verification/start.js";
import { setPhase } from "./phase-change.js";
import { findPipelineId, nextDeadline } from "./release-app.js";

/** What to release, and why. */
export interface ReleaseRequest {
  readonly build: Build;
  readonly trigger: ReleaseTrigger;
  readonly description: string;
  readonly promotionId?: string;
  readonly override: Override;
}

export interface MadeReleases {
  /** One for each app, in the order of the apps. */
  readonly releases: Release[];
  /** The events of releases that were superseded. Append them before those of the new releases. */
  readonly superseded: EventDraft[];
}

/**
 * Prepares new releases on several apps. Versions continue from each app's last. On an IMMEDIATE app the
 * release is SUCCEEDED; on a REPORTED app it is DEPLOYING if no other is, and otherwise QUEUED in place of the release
 * that was queued before. The caller inserts the rows.
 *
 * @param request the same for all apps, or one for each, in their order
 */
export async function prepareReleases(
  tx: Tx,
  ctx: TxCtx,
  apps: readonly App[],
  request: ReleaseRequest | readonly ReleaseRequest[],
): Promise<MadeReleases> {
  const ids = apps.map((app) => app.id);
  const versions = await findLastVersions(tx, ids);
  const reported = apps.filter((app) => app.deploymentMode === "REPORTED").map((app) => app.id);
  const underWay =
    reported.length === 0 ? [] : await tx.find(Release, { appId: reported, phase: ["DEPLOYING", "QUEUED"] });
  const superseded: EventDraft[] = [];
  for (const waiting of underWay.filter((release) => release.phase === "QUEUED")) {
    superseded.push(...(await setPhase(tx, ctx, waiting, "SUPERSEDED")));
  }
  const busy = new Set(underWay.filter((release) => release.phase === "DEPLOYING").map((release) => release.appId));
  const now = ctx.now();
  const succeededAt = await transactionTime(tx, ctx);
  const freezes = await findFreezesInForce(tx, succeededAt, ids);
  const verifications = await findVerifications(tx, apps);
  const positions = await nextPositions(tx, "releases", apps.length);
  await promoteLater(tx, { appIds: apps.filter((app) => app.deploymentMode === "IMMEDIATE").map(({ id }) => id) });
  const requests = "build" in request ? apps.map(() => request) : request;
  const releases = apps.map((app, index): Release => {
    const { build, trigger, description, promotionId, override } = requests[index] as ReleaseRequest;
    const immediate = app.deploymentMode === "IMMEDIATE";
    const phase = immediate ? "SUCCEEDED" : busy.has(app.id) ? "QUEUED" : "DEPLOYING";
    return Object.assign(new Release(), {
      id: newId(),
      appId: app.id,
      buildId: build.id,
      version: (versions.get(app.id) ?? 0) + 1,
      position: positions[index] as number,
      phase,
      failureReason: null,
      timedOut: false,
      trigger,
      description,
      promotionId: promotionId ?? null,
      ...override,
      duringFreezeId: freezes.get(app.id)?.id ?? null,
      configVersion: app.configVersion,
      ...toActorColumns("createdBy", ctx.viewer),
      deployDeadline: phase === "DEPLOYING" ? nextDeadline(ctx, app) : null,
      succeededAt: phase === "SUCCEEDED" ? succeededAt : null,
      cancelRequestedAt: null,
      ...(phase === "SUCCEEDED" ? startVerification(verifications.get(app.id), succeededAt) : NOT_VERIFIED),
      createdAt: now,
      updatedAt: now,
    });
  });
  return { releases, superseded };
}

/** Creates one release on one app, outside a promotion. */
export async function insertRelease(
  tx: Tx,
  ctx: TxCtx,
  app: App,
  request: ReleaseRequest,
): Promise<{ release: Release; events: EventDraft[] }> {
  const { releases, superseded } = await prepareReleases(tx, ctx, [app], request);
  const [release] = releases as [Release];
  await tx.insert(Release, [release]);
  const events = [...superseded, releaseChanged("RELEASE_CREATED", release, await findPipelineId(tx, app.id))];
  return { release, events };
}

/** The default description of a release, for example `Deploy of 1f0c2ab`. */
export function defaultDescription(build: Build): string {
  return `Deploy of ${build.commitSha.slice(0, 7)}`;
}

const LAST_VERSIONS = columns({ app_id: "text", version: "integer or null" });

async function findLastVersions(reader: Reader, appIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await reader.query(
    "last_versions",
    LAST_VERSIONS,
    // Reads the end of the index for each app. GROUP BY would read every release that the app ever had.
    sql`SELECT a.id AS app_id, (SELECT MAX(r.version) FROM releases r WHERE r.app_id = a.id) AS version FROM apps a
      WHERE ${reader.dialect.oneOf(sql`a.id`, appIds)}`,
  );
  return new Map(rows.map((row) => [row.app_id, row.version ?? 0]));
}
