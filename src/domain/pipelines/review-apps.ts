import type { Tx } from "../../database/rows/tx.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { append } from "../../events/append.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import { deployNewest } from "../builds/auto-deploy.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { optional, parseBranch, parseLine, parseSha, parseText, parseUrl } from "../core/input.js";
import { lockApps } from "../core/locks.js";
import { requirePipeline } from "../core/references.js";
import { badInput, conflict, notFound } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { endWaitingFor } from "../promotions/waiting/clear-waiting.js";
import { insertApp, isNameTaken, removeApp } from "./apps.js";
import { couplingRemoved } from "./coupling-events.js";
import { insertCoupling } from "./couplings.js";

export interface PullRequestInput {
  readonly number: number;
  readonly branch: string;
  readonly title?: string | null;
  readonly author?: string | null;
  readonly url?: string | null;
  /** The full hash of the commit that the pull request points to. */
  readonly headSha?: string | null;
}

export interface OpenReviewAppInput {
  readonly pipeline: string;
  readonly pullRequest: PullRequestInput;
}

/** Creates or updates the review app of a pull request, and restarts its expiry. */
export async function openReviewApp(ctx: Ctx, input: OpenReviewAppInput): Promise<ReviewApp> {
  permit(ctx.viewer, "openReviewApp");
  // Invalid input is refused before the transaction.
  parsePullRequest(input.pullRequest);
  return ctx.db.write(async (tx) => {
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const { reviewApp, events } = await openForPullRequest(tx, ctx, pipeline, input.pullRequest);
    await append(tx, ctx.viewer, ctx.now(), events);
    return reviewApp;
  });
}

/** Creates or updates the review app of a pull request in one pipeline, and deploys the newest existing build. */
export async function openForPullRequest(
  tx: Tx,
  ctx: TxCtx,
  pipeline: Pipeline,
  pullRequest: PullRequestInput,
): Promise<{ reviewApp: ReviewApp; events: EventDraft[] }> {
  const { number } = pullRequest;
  const given = parsePullRequest(pullRequest);
  if (!pipeline.reviewAppsEnabled) {
    throw conflict(`Review apps of ${pipeline.name} are switched off; updatePipeline switches them on.`);
  }
  const now = ctx.now();
  const expiresAt = new Date(now.getTime() + ctx.durations.reviewAppTtl);
  const existing = await tx.first(ReviewApp, { pipelineId: pipeline.id, number });
  if (existing !== null) await lockApps(tx, [existing.appId]);
  const headBefore = existing?.headSha ?? null;
  const { reviewApp, coupling, events } =
    existing === null
      ? await insertReviewApp(tx, ctx, pipeline, { ...UNSPECIFIED, ...given, number, createdAt: now, expiresAt })
      : await updateReviewApp(tx, existing, { ...given, expiresAt });
  const deployed = await deployNewest(tx, ctx, pipeline, coupling, reviewApp, reviewApp.headSha !== headBefore);
  return { reviewApp, events: [...events, ...deployed] };
}

export interface CloseReviewAppInput {
  readonly pipeline: string;
  readonly pullRequestNumber: number;
}

/** Removes the review app of a pull request. Its history stays. */
export async function closeReviewApp(
  ctx: Ctx,
  input: CloseReviewAppInput,
): Promise<{ closedAppId: string; pipeline: Pipeline }> {
  permit(ctx.viewer, "closeReviewApp");
  return ctx.db.write(async (tx) => {
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const number = parseNumber("pullRequestNumber", input.pullRequestNumber);
    const reviewApp = await tx.first(ReviewApp, { pipelineId: pipeline.id, number });
    if (reviewApp === null)
      throw notFound("pullRequestNumber", `review app of pull request ${number} in ${pipeline.name}`);
    await lockApps(tx, [reviewApp.appId]);
    await append(tx, ctx.viewer, ctx.now(), await removeReviewApp(tx, ctx, reviewApp));
    return { closedAppId: reviewApp.appId, pipeline };
  });
}

/** Removes a review app: its coupling, then the app. */
export async function removeReviewApp(tx: Tx, ctx: TxCtx, reviewApp: ReviewApp): Promise<EventDraft[]> {
  const { appId, pipelineId } = reviewApp;
  const pipeline = await requirePipeline(tx, "pipeline", pipelineId);
  const app = await tx.first(App, { id: appId });
  const coupling = await tx.first(Coupling, { appId });
  if (app === null || coupling === null) throw new Error(`The review app ${appId} has lost its app or coupling.`);
  const ended = await endWaitingFor(tx, ctx, appId, `The review app ${app.name} was closed.`);
  const removed = await removeApp(tx, ctx, app);
  await tx.delete(ReviewApp, { appId });
  await tx.delete(Coupling, { appId });
  const summary = `Review app ${app.name} of pull request ${reviewApp.number} closed`;
  return [
    changed("REVIEW_APP_CLOSED", app, summary, { pipelineId, app }),
    couplingRemoved(coupling, app, pipeline.name),
    ...ended,
    ...removed,
  ];
}

const UNSPECIFIED = { title: null, author: null, url: null, headSha: null };

interface OpenedReviewApp {
  readonly reviewApp: ReviewApp;
  readonly coupling: Coupling;
  readonly events: EventDraft[];
}

async function insertReviewApp(
  tx: Tx,
  ctx: TxCtx,
  pipeline: Pipeline,
  fields: Omit<ReviewApp, "id" | "appId" | "pipelineId" | "pullRequest">,
): Promise<OpenedReviewApp> {
  const model = await firstDevelopmentApp(tx, pipeline);
  const { app, event } = await insertApp(tx, ctx, {
    name: await findFreeName(tx, pipeline.name, fields.number),
    description: `Review app of pull request ${fields.number}`,
    region: model?.region ?? null,
    deploymentMode: model?.deploymentMode ?? "IMMEDIATE",
  });
  const placed = await insertCoupling(tx, ctx, pipeline, app, {
    stage: "REVIEW",
    requiredChecks: [],
    autoDeploy: false,
  });
  const reviewApp = Object.assign(new ReviewApp(), {
    ...fields,
    id: newId(),
    appId: app.id,
    pipelineId: pipeline.id,
  });
  await tx.insert(ReviewApp, [reviewApp]);
  const summary = `Review app ${app.name} opened for pull request ${fields.number}`;
  const opened = changed("REVIEW_APP_OPENED", app, summary, { pipelineId: pipeline.id, app });
  return { reviewApp, coupling: placed.coupling, events: [event, placed.event, opened] };
}

/** Changes the given fields, including the expiry. Writes nothing if nothing changes. */
async function updateReviewApp(tx: Tx, reviewApp: ReviewApp, patch: Partial<ReviewApp>): Promise<OpenedReviewApp> {
  const { appId, pipelineId, number } = reviewApp;
  const app = await tx.first(App, { id: appId });
  const coupling = await tx.first(Coupling, { appId });
  if (app === null || coupling === null) throw new Error(`The review app ${appId} has lost its app or coupling.`);
  const before = { ...reviewApp };
  Object.assign(reviewApp, patch);
  const fields = ["branch", "headSha", "title", "author", "url", "expiresAt"] as const;
  // Compared as values: two dates of the same time are equal.
  if (fields.every((field) => before[field]?.valueOf() === reviewApp[field]?.valueOf())) {
    return { reviewApp, coupling, events: [] };
  }
  await tx.update(ReviewApp, { appId }, patch);
  const summary = `Review app ${app.name}: activity on pull request ${number}`;
  return { reviewApp, coupling, events: [changed("APP_UPDATED", app, summary, { pipelineId, app })] };
}

/** The pipeline's first app in development, whose settings review apps copy. */
async function firstDevelopmentApp(tx: Tx, pipeline: Pipeline): Promise<App | null> {
  const coupling = await tx.first(Coupling, { pipelineId: pipeline.id, stage: "DEVELOPMENT" }, { order: "position" });
  return coupling === null ? null : tx.first(App, { id: coupling.appId });
}

/** `<pipeline>-pr-<number>`, shortened to 63 characters, with a further number if the name is taken. */
async function findFreeName(tx: Tx, pipeline: string, number: number): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const name = reviewAppName(pipeline, number, attempt);
    if (!(await isNameTaken(tx, name))) return name;
  }
}

/** @param attempt 1 for the plain name, 2 and higher for names that end in this number */
export function reviewAppName(pipeline: string, number: number, attempt: number): string {
  const suffix = `-pr-${number}${attempt === 1 ? "" : `-${attempt}`}`;
  return pipeline.slice(0, 63 - suffix.length).replace(/-+$/, "") + suffix;
}

/** The parsed fields that were given. */
function parsePullRequest(input: PullRequestInput): Pick<ReviewApp, "branch"> & Partial<typeof UNSPECIFIED> {
  const { title, author, url, headSha } = input;
  parseNumber("pullRequest.number", input.number);
  return {
    branch: parseBranch("pullRequest.branch", input.branch),
    ...(title !== undefined && { title: optional(title, (value) => parseText("pullRequest.title", value, 256)) }),
    ...(author !== undefined && { author: optional(author, (value) => parseLine("pullRequest.author", value)) }),
    ...(url !== undefined && { url: optional(url, (value) => parseUrl("pullRequest.url", value)) }),
    ...(headSha !== undefined && { headSha: optional(headSha, (value) => parseSha("pullRequest.headSha", value)) }),
  } as Pick<ReviewApp, "branch"> & Partial<typeof UNSPECIFIED>;
}

function parseNumber(field: string, number: number): number {
  if (number >= 1) return number;
  throw badInput(field, `${field} must be the number of a pull request: 1 or more.`);
}
