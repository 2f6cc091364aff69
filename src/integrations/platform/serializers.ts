import { v5 } from "uuid";
import type { z } from "zod";
import type { Loaders } from "../../database/queries/loaders.js";
import { rollup } from "../../domain/gates/checks.js";
import type { Build } from "../../entities/builds/build.js";
import type { Stage, StatusState } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Promotion, PromotionTarget } from "../../entities/releases/promotion.js";
import type { Release } from "../../entities/releases/release.js";
import type { ReleaseStatus } from "../../entities/releases/release-status.js";
import type * as shapes from "./schemas.js";

/* Rows as objects of the Platform API. What has no counterpart here is given the one value that is true of every row. */

/** Makes ids of what only has a name here, always the same for the same name. */
const NAMES = "6c1f8b0a-7f3c-4d58-9a55-0d9a6f1c2e44";

/** The one owner of everything: whoever runs the service. */
export const OWNER_NAME = "railyard";
export const OWNER_ID = v5(OWNER_NAME, NAMES);

export function stageName(stage: Stage): z.output<typeof shapes.stage> {
  return stage.toLowerCase() as z.output<typeof shapes.stage>;
}

export function stateName(state: StatusState): z.output<typeof shapes.statusState> {
  return state.toLowerCase() as z.output<typeof shapes.statusState>;
}

/** A token as a user: the name that it was given stands for an address. */
export function toUser(name: string): { id: string; email: string } {
  return { id: v5(`user ${name}`, NAMES), email: name.includes("@") ? name : `${name.replace(/\s+/g, ".")}@railyard` };
}

export function toPipeline(pipeline: Pipeline): z.output<typeof shapes.pipelineSchema> {
  return { ...identity(pipeline), name: pipeline.name, owner: { id: OWNER_ID, type: "team" } };
}

export async function toCoupling(
  loaders: Loaders,
  coupling: Coupling,
): Promise<z.output<typeof shapes.couplingSchema>> {
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

export async function toApp(loaders: Loaders, app: App): Promise<z.output<typeof shapes.appSchema>> {
  const current = await loaders.currentReleaseOfApp.load(app.id);
  const region = app.region ?? "default";
  const stack = { id: v5("stack container", NAMES), name: "container" };
  return {
    ...identity(app),
    name: app.name,
    released_at: current?.createdAt.toISOString() ?? null,
    archived_at: null,
    maintenance: false,
    git_url: "",
    web_url: "",
    generation: { id: v5("generation railyard", NAMES), name: "railyard" },
    owner: { id: OWNER_ID, email: `${OWNER_NAME}@${OWNER_NAME}` },
    region: { id: v5(`region ${region}`, NAMES), name: region },
    space: null,
    stack,
    build_stack: stack,
    organization: null,
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

export async function toRelease(loaders: Loaders, release: Release): Promise<z.output<typeof shapes.releaseSchema>> {
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
    user: toUser(release.createdByName),
  };
}

/** @param release the release that was asked about: a status of its build holds for it as well */
export function toStatus(status: ReleaseStatus, release: Release): z.output<typeof shapes.statusSchema> {
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

export function toBuild(build: Build, app: App): z.output<typeof shapes.buildSchema> {
  return {
    ...identity(build),
    app: { id: app.id, name: app.name },
    slug: { id: build.id },
    status: build.phase === "PENDING" ? "pending" : build.phase === "SUCCEEDED" ? "succeeded" : "failed",
    source_blob: sourceBlob(build),
  };
}

export function toSlug(build: Build): z.output<typeof shapes.slugSchema> {
  return {
    ...identity(build),
    commit: build.commitSha,
    checksum: build.checksum ?? "",
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
): Promise<z.output<typeof shapes.promotionSchema>> {
  const [pipeline, source] = await Promise.all([
    loaders.pipeline.load(promotion.pipelineId),
    loaders.referenced.app.load(promotion.sourceAppId),
  ]);
  const { name, space } = toSpaceName(source?.name ?? "");
  return {
    ...identity(promotion),
    pipeline: named(pipeline, promotion.pipelineId),
    source: { app: { id: promotion.sourceAppId, name }, space: { name: space }, release: { id: promotion.releaseId } },
    status: promotion.phase === "IN_PROGRESS" ? "pending" : "completed",
  };
}

export async function toPromotionTarget(
  loaders: Loaders,
  target: PromotionTarget,
): Promise<z.output<typeof shapes.promotionTargetSchema>> {
  const [app, release] = await Promise.all([
    loaders.referenced.app.load(target.appId),
    loaders.referenced.release.load(target.releaseId),
  ]);
  const phase = release?.phase ?? "FAILED";
  const failed = phase === "FAILED" || phase === "SUPERSEDED";
  const reason = phase === "SUPERSEDED" ? "A later release took its place." : "The release failed.";
  return {
    id: target.id,
    app: named(app, target.appId),
    pipeline_promotion: { id: target.promotionId },
    release: { id: target.releaseId },
    status: phase === "SUCCEEDED" ? "succeeded" : failed ? "failed" : "pending",
    error_message: failed ? (release?.failureReason ?? reason) : null,
  };
}

/** Akkeris names an app `<name>-<space>`, and prints it so: what stands behind the last dash is told as its space. */
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
