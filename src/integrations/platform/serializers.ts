import type { z } from "zod";
import type { Loaders } from "../../database/queries/loaders.js";
import { rollup } from "../../domain/gates/checks/checks.js";
import type { Build } from "../../entities/builds/build.js";
import type { PromotionTargetPhase, Stage, StatusState } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import type { PromotionTarget } from "../../entities/releases/promotion-target.js";
import type { Release } from "../../entities/releases/release.js";
import type { ReleaseStatus } from "../../entities/releases/release-status.js";
import { DEFAULT_REGION, ORGANIZATION, OWNER_ID, OWNER_NAME, SPACE, STACK, toId } from "./installation.js";
import type * as schemas from "./schemas.js";

/* Converts rows to the objects of the Platform API. A field without a counterpart gets a constant. */

export function stageName(stage: Stage): z.output<typeof schemas.stage> {
  return stage.toLowerCase() as z.output<typeof schemas.stage>;
}

export function stateName(state: StatusState): z.output<typeof schemas.statusState> {
  return state.toLowerCase() as z.output<typeof schemas.statusState>;
}

/** Represents a token as a user. Its name stands in for an email address. */
export function toUser(name: string): { id: string; email: string } {
  return {
    id: toId("user", name),
    email: name.includes("@") ? name : `${name.replace(/\s+/g, ".")}@railyard`,
  };
}

export function toPipeline(pipeline: Pipeline): z.output<typeof schemas.pipelineSchema> {
  const { name, component, repository, branch } = pipeline;
  return { ...identity(pipeline), name, component, owner: { id: OWNER_ID, type: "team" }, repository, branch };
}

export async function toCoupling(
  loaders: Loaders,
  coupling: Coupling,
): Promise<z.output<typeof schemas.couplingSchema>> {
  const [app, pipeline] = await Promise.all([
    loaders.app.load(coupling.appId),
    loaders.pipeline.load(coupling.pipelineId),
  ]);
  return {
    ...identity(coupling),
    app: named(app, coupling.appId),
    pipeline: named(pipeline, coupling.pipelineId),
    stage: stageName(coupling.stage),
    required_status_checks: { contexts: coupling.requiredChecks },
  };
}

export async function toApp(loaders: Loaders, app: App): Promise<z.output<typeof schemas.appSchema>> {
  const current = await loaders.currentReleaseOfApp.load(app.id);
  const [build, coupling] = await Promise.all([
    current === null ? null : loaders.build.load(current.buildId),
    loaders.couplingOfApp.load(app.id),
  ]);
  const pipeline = coupling === null ? null : await loaders.pipeline.load(coupling.pipelineId);
  const region = app.region ?? DEFAULT_REGION;
  return {
    ...identity(app),
    name: app.name,
    simple_name: app.name,
    description: app.description,
    released_at: current?.createdAt.toISOString() ?? null,
    archived_at: null,
    maintenance: false,
    preview: coupling?.stage === "REVIEW",
    image: build?.artifact ?? "",
    git_url: pipeline?.repository == null ? "" : `https://${pipeline.repository}`,
    git_branch: pipeline?.repository == null ? "" : pipeline.branch,
    web_url: "",
    generation: { id: toId("generation", "railyard"), name: "railyard" },
    owner: { id: OWNER_ID, email: `${OWNER_NAME}@${OWNER_NAME}` },
    region: { id: toId("region", region), name: region },
    space: SPACE,
    stack: STACK,
    build_stack: STACK,
    organization: ORGANIZATION,
    team: null,
    repo_size: null,
    slug_size: null,
  };
}

const RELEASE_STATUS = {
  QUEUED: "queued",
  DEPLOYING: "pending",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  SUPERSEDED: "failed",
} as const;

export async function toRelease(loaders: Loaders, release: Release): Promise<z.output<typeof schemas.releaseSchema>> {
  const [app, current, statuses] = await Promise.all([
    loaders.app.load(release.appId),
    loaders.currentReleaseOfApp.load(release.appId),
    loaders.statusesOfRelease.load(release),
  ]);
  const state = rollup(statuses.map((status) => status.state));
  return {
    ...identity(release),
    app: named(app, release.appId),
    version: release.version,
    status: RELEASE_STATUS[release.phase],
    state: state === null ? null : stateName(state),
    current: current?.id === release.id,
    description: release.description,
    slug: { id: release.buildId },
    eligible_for_rollback: release.phase === "SUCCEEDED",
    addon_plan_names: [],
    user: toUser(release.createdByName),
  };
}

/** @param release the requested release; statuses of its build also apply to it */
export function toStatus(status: ReleaseStatus, release: Release): z.output<typeof schemas.statusSchema> {
  return {
    ...identity(status),
    state: stateName(status.state),
    name: status.name ?? status.context,
    context: status.context,
    description: status.description ?? "",
    target_url: status.targetUrl ?? "",
    image_url: status.imageUrl ?? "",
    release: { id: release.id },
  };
}

export function toBuild(build: Build, app: App): z.output<typeof schemas.buildSchema> {
  return {
    ...identity(build),
    app: { id: app.id, name: app.name },
    slug: { id: build.id },
    component: build.component,
    status: build.phase === "PENDING" ? "pending" : build.phase === "SUCCEEDED" ? "succeeded" : "failed",
    output_stream_url: `/apps/${app.id}/builds/${build.id}/result`,
    source_blob: sourceBlob(build),
  };
}

export function toSlug(build: Build): z.output<typeof schemas.slugSchema> {
  return {
    ...identity(build),
    commit: build.commitSha,
    checksum: build.checksum ?? "",
    component: build.component,
    source_blob: sourceBlob(build),
  };
}

function sourceBlob(build: Build) {
  return {
    url: build.artifact ?? "",
    commit: build.commitSha,
    branch: build.branch ?? "",
    author: build.commitAuthor ?? "",
    message: build.commitMessage ?? "",
    version: build.commitUrl ?? "",
    checksum: build.checksum ?? "",
  };
}

export async function toPromotion(
  loaders: Loaders,
  promotion: Promotion,
): Promise<z.output<typeof schemas.promotionSchema>> {
  const [pipeline, source] = await Promise.all([
    loaders.pipeline.load(promotion.pipelineId),
    loaders.referenced.app.load(promotion.sourceAppId),
  ]);
  const { name, space } = toSpaceName(source?.name ?? "");
  return {
    ...identity(promotion),
    pipeline: named(pipeline, promotion.pipelineId),
    source: { app: { id: promotion.sourceAppId, name }, space: { name: space }, release: { id: promotion.releaseId } },
    status: promotion.phase === "IN_PROGRESS" || promotion.phase === "WAITING" ? "pending" : "completed",
  };
}

/** The error message for a target that did not succeed, if its release has no failure reason. */
const END_REASONS: Readonly<Partial<Record<PromotionTargetPhase, string>>> = {
  FAILED: "The release failed.",
  SUPERSEDED: "Superseded by a later release.",
  CANCELLED: "The promotion was cancelled.",
  ROLLED_BACK: "The release was rolled back.",
};

export async function toPromotionTarget(
  loaders: Loaders,
  target: PromotionTarget,
): Promise<z.output<typeof schemas.promotionTargetSchema>> {
  const [app, release] = await Promise.all([
    loaders.referenced.app.load(target.appId),
    target.releaseId === null ? null : loaders.referenced.release.load(target.releaseId),
  ]);
  const phase = target.ownPhase ?? release?.phase ?? "FAILED";
  const reason = END_REASONS[phase];
  const failed = reason !== undefined;
  return {
    id: target.id,
    app: named(app, target.appId),
    pipeline_promotion: { id: target.promotionId },
    release: target.releaseId === null ? null : { id: target.releaseId },
    status: phase === "SUCCEEDED" ? "succeeded" : failed ? "failed" : "pending",
    error_message: reason === undefined ? null : (release?.failureReason ?? reason),
  };
}

/** Akkeris displays an app as `<name>-<space>`. The part after the last dash is used as the space. */
export function toSpaceName(name: string): { name: string; space: string } {
  const dash = name.lastIndexOf("-");
  return dash <= 0 ? { name, space: "default" } : { name: name.slice(0, dash), space: name.slice(dash + 1) };
}

function named(row: { readonly id: string; readonly name: string } | null, id: string): { id: string; name: string } {
  return { id, name: row?.name ?? "" };
}

function identity(row: { readonly id: string; readonly createdAt: Date; readonly updatedAt: Date }) {
  return { id: row.id, created_at: row.createdAt.toISOString(), updated_at: row.updatedAt.toISOString() };
}
