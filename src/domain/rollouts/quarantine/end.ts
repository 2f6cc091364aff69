import sql from "sql-template-tag";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import type { Build } from "../../../entities/builds/build.js";
import { HeldDeploy } from "../../../entities/builds/held-deploy.js";
import { Quarantine } from "../../../entities/builds/quarantine.js";
import type { Stage } from "../../../entities/core/enums.js";
import { changed, type EventDraft } from "../../../events/draft.js";
import { buildSubject, shortSha } from "../../builds/build-events.js";
import type { TxCtx } from "../../core/context.js";
import { transactionTime } from "../../core/values/time.js";
import { wakeLater } from "../../promotions/waiting/wake-later.js";
import { promoteLater } from "../automation/promote-later.js";
import { covers, findQuarantines } from "./in-force.js";

/*
 * Ends quarantines: an administrator releases the build, or bypasses them with `force`. The caller has locked the build
 * for a change, so no concurrent evaluation still sees them.
 */

/**
 * Ends quarantines of a build. Held deploys and automatic promotions of it are decided again soon after.
 *
 * @param reason the viewer's reason, as a sentence
 */
export async function endQuarantines(
  tx: Tx,
  ctx: TxCtx,
  build: Build,
  quarantines: readonly Quarantine[],
  reason: string,
): Promise<EventDraft[]> {
  if (quarantines.length === 0) return [];
  const now = await transactionTime(tx, ctx);
  await tx.update(Quarantine, { id: quarantines.map(({ id }) => id) }, { endedAt: now });
  await tx.update(HeldDeploy, { buildId: build.id }, { retryAt: now });
  const events = await quarantineEvents(
    tx,
    "BUILD_RELEASED",
    build,
    `Build of ${shortSha(build)} released from quarantine: ${reason}`,
  );
  await promoteLater(tx, { appIds: [...new Set(events.flatMap(({ apps }) => apps))] });
  return events;
}

/**
 * Ends the quarantines that `force` bypassed: those that keep the build out of the stage. Other promotions that wait
 * for them become due.
 */
export async function endByForce(
  tx: Tx,
  ctx: TxCtx,
  build: Build,
  to: Stage,
  reason: string | null,
): Promise<EventDraft[]> {
  const passed = (await findQuarantines(tx, [build.id])).filter((one) => covers(one, to));
  const events = await endQuarantines(tx, ctx, build, passed, reason ?? "forced");
  if (events.length > 0) await wakeLater(tx, { builds: [build.id] });
  return events;
}

const PLACES = columns({ pipeline_id: "text or null", app_id: "text or null" });

/**
 * The events of a change of quarantines: one for each pipeline of the build's repository and component, and for each
 * pipeline with an app that has a release of the build. An event concerns these apps.
 */
export async function quarantineEvents(
  reader: Reader,
  type: "BUILD_QUARANTINED" | "BUILD_RELEASED",
  build: Build,
  summary: string,
): Promise<EventDraft[]> {
  const places = await reader.query(
    "places_of_build",
    PLACES,
    sql`SELECT c.pipeline_id, r.app_id FROM releases r LEFT JOIN couplings c ON c.app_id = r.app_id
        WHERE r.build_id = ${build.id}
      UNION SELECT p.id, NULL FROM pipelines p WHERE p.repository = ${build.repository}
        AND p.component IS NOT DISTINCT FROM ${build.component} AND p.deleted_at IS NULL
      ORDER BY 1, 2`,
  );
  const pipelines = new Set(places.map((row) => row.pipeline_id));
  return [...(pipelines.size === 0 ? [null] : pipelines)].map((pipelineId) => {
    const mine = places.filter((row) => row.pipeline_id === pipelineId);
    const draft = changed(type, buildSubject(build), summary, { pipelineId });
    return { ...draft, apps: mine.flatMap((row) => row.app_id ?? []) };
  });
}
