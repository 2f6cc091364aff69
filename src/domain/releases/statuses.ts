import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Build } from "../../entities/builds/build.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import type { StatusState } from "../../entities/core/enums.js";
import type { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { append } from "../../events/append.js";
import { type EventDraft, statusReported } from "../../events/draft.js";
import { permit, permitRepository } from "../access/actions.js";
import { deployAfterCheckPassed } from "../builds/auto-deploy.js";
import { buildStatusEvent } from "../builds/build-events.js";
import { lockFollowers } from "../builds/followers.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { LIMITS, optional, parseContext, parseLine, parseText, parseUrl } from "../core/input.js";
import { lockApps } from "../core/locks.js";
import { requireBuild, requireRelease } from "../core/references.js";
import { badInput } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { voidOfCheck } from "../gates/approvals/voiding.js";
import { clearWaiting, lockCleared } from "../promotions/waiting/clear-waiting.js";
import { evaluateVerification, isVerifiedBy } from "../rollouts/verification/outcome.js";
import { findPipelineId } from "./release-app.js";
import { dropOldest } from "./status-limit.js";

export interface ReportStatusInput {
  readonly release?: string | null;
  readonly build?: string | null;
  readonly context: string;
  readonly state: StatusState;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly targetUrl?: string | null;
  readonly imageUrl?: string | null;
}

/**
 * Records a third party's status of a release or of a build. A field that is left out keeps its value, null clears it,
 * and a report that changes nothing writes nothing.
 */
export async function reportStatus(ctx: Ctx, input: ReportStatusInput): Promise<ReleaseStatus> {
  permit(ctx.viewer, "reportStatus");
  if ((input.release == null) === (input.build == null)) {
    throw badInput(input.release == null ? "release" : "build", "Exactly one of release and build must be given.");
  }
  const report = parseReport(input);
  return ctx.db.write(async (tx) => {
    const found = input.release == null ? null : await requireRelease(tx, "release", input.release);
    const buildId = found?.buildId ?? (input.build as string);
    // A status that decides a verification may end a wave, and roll the app back.
    const verifies = found !== null && isVerifiedBy(found, report.context);
    if (verifies) await lockCleared(tx, { builds: [buildId] });
    if (verifies) await lockApps(tx, [found.appId]);
    const release = verifies ? await requireRelease(tx, "release", found.id) : found;
    const mayPass = release === null && input.state === "SUCCESS";
    if (mayPass) await lockFollowers(tx, await requireBuild(tx, "build", buildId));
    if (input.state === "SUCCESS") await lockCleared(tx, { builds: [buildId] });
    const build = await requireBuild(tx, "build", buildId, { lock: "change" });
    // A status of a build applies to its releases in all pipelines.
    if (release === null) await permitRepository(tx, ctx.viewer, "reportStatus", build.repository);
    const { status, events } = await upsertStatus(tx, ctx, build, release, report);
    await append(tx, ctx.viewer, ctx.now(), events);
    return status;
  });
}

/**
 * Writes a status of a release, or of a build if `release` is null, and starts the deploys and promotions that waited
 * for it.
 */
export async function upsertStatus(
  tx: Tx,
  ctx: TxCtx,
  build: Build,
  release: Release | null,
  report: Report,
): Promise<{ status: ReleaseStatus; events: EventDraft[] }> {
  const subject = { releaseId: release?.id ?? null, ...(release === null && { buildId: build.id }) };
  const prior = await tx.first(ReleaseStatus, { ...subject, context: report.context });
  const now = ctx.now();
  const status = Object.assign(
    new ReleaseStatus(),
    prior ?? { id: newId(), releaseId: subject.releaseId, buildId: build.id, ...UNSPECIFIED, createdAt: now },
    report,
  );
  if (prior !== null && isUnchanged(prior, status)) return { status: prior, events: [] };
  const reported = { ...toActorColumns("reportedBy", ctx.viewer), updatedAt: now };
  Object.assign(status, reported);
  const events: EventDraft[] = [];
  if (prior === null) {
    events.push(...(await dropOldest(tx, build, subject, status.context)));
    await tx.insert(ReleaseStatus, [status]);
  } else {
    await tx.update(ReleaseStatus, { id: status.id }, { ...report, ...reported });
  }
  const previous = prior?.state ?? null;
  if (release !== null) events.push(...(await statusEvent(tx, release, status, previous)));
  else events.push(...(await buildStatusEvents(tx, build, status, previous)));
  const passed = status.state === "SUCCESS" && previous !== "SUCCESS";
  if (passed && release === null) events.push(...(await deployAfterCheckPassed(tx, ctx, build, status.context)));
  const verifies = release !== null && isVerifiedBy(release, status.context);
  if (verifies) events.push(...(await evaluateVerification(tx, ctx, release)));
  if (passed || verifies) events.push(...(await clearWaiting(tx, ctx, { builds: [build.id] })));
  if (previous === "SUCCESS" && status.state !== "SUCCESS") {
    events.push(...(await voidOfCheck(tx, ctx, build.id, release?.id ?? null, status.context)));
  }
  return { status, events };
}

const UNSPECIFIED = { name: null, description: null, targetUrl: null, imageUrl: null };

/** A report. Undefined fields keep their value. */
export type Report = Pick<ReleaseStatus, "context" | "state"> & Partial<Pick<ReleaseStatus, keyof typeof UNSPECIFIED>>;

/** The parsed fields that were given. */
function parseReport(input: ReportStatusInput): Report {
  const { name, description, targetUrl, imageUrl } = input;
  return {
    context: parseContext("context", input.context),
    state: input.state,
    ...(name !== undefined && { name: optional(name, (value) => parseLine("name", value)) }),
    ...(description !== undefined && {
      description: optional(description, (value) => parseText("description", value, LIMITS.description)),
    }),
    ...(targetUrl !== undefined && { targetUrl: optional(targetUrl, (value) => parseUrl("targetUrl", value)) }),
    ...(imageUrl !== undefined && { imageUrl: optional(imageUrl, (value) => parseUrl("imageUrl", value)) }),
  } as Report;
}

function isUnchanged(a: ReleaseStatus, b: ReleaseStatus): boolean {
  return (["state", "name", "description", "targetUrl", "imageUrl"] as const).every((field) => a[field] === b[field]);
}

async function statusEvent(
  reader: Reader,
  { id, appId }: Release,
  status: ReleaseStatus,
  previous: StatusState | null,
): Promise<EventDraft[]> {
  return [statusReported(status, previous, { id, appId, pipelineId: await findPipelineId(reader, appId) })];
}

const AFFECTED_RELEASES = columns({ id: "text", app_id: "text", pipeline_id: "text or null" });

/** One event for each release that a build's status applies to; one for the build if it applies to none. */
async function buildStatusEvents(
  reader: Reader,
  build: Build,
  status: ReleaseStatus,
  previous: StatusState | null,
): Promise<EventDraft[]> {
  const releases = await reader.query(
    "releases_of_build",
    AFFECTED_RELEASES,
    sql`SELECT r.id, r.app_id, c.pipeline_id FROM releases r LEFT JOIN couplings c ON c.app_id = r.app_id
      WHERE r.build_id = ${build.id} AND NOT EXISTS (
        SELECT 1 FROM release_statuses s WHERE s.release_id = r.id AND s.context = ${status.context}
      ) ORDER BY r.position`,
  );
  if (releases.length === 0) {
    return [buildStatusEvent(build, status)];
  }
  return releases.map((row) =>
    statusReported(status, previous, { id: row.id, appId: row.app_id, pipelineId: row.pipeline_id }),
  );
}
