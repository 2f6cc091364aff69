import { operation } from "./client.js";
import {
  APP,
  BOARD,
  BUILD,
  COUPLING,
  PAGE,
  PIPELINE,
  PLAN,
  PROMOTION,
  RELEASE,
  REVIEW_APP,
  TOKEN,
} from "./fragments.js";
import type * as model from "./model.js";

/** Pagination arguments. */
export interface Page {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
}

/** A result with one paginated connection, aliased to `list`. */
export interface Listed<T> {
  readonly list: model.Connection<T>;
}

export const VIEWER = operation<{ viewer: model.Viewer }>(
  "query Viewer { viewer { name role pipelines { id name } } }",
);

export const APPS = operation<Listed<model.App>, Page & { region?: string | undefined }>(
  `query Apps($first: Int, $after: String, $region: String) {
    list: apps(first: $first, after: $after, region: $region) { nodes { ${APP} } ${PAGE} } }`,
);

export const APP_BY_NAME = operation<{ app: model.App | null }, { app: string }>(
  `query App($app: ID!) { app(app: $app) { ${APP} } }`,
);

export const PIPELINES = operation<Listed<model.Pipeline & { couplings: readonly { stage: model.Stage }[] }>, Page>(
  `query Pipelines($first: Int, $after: String) {
    list: pipelines(first: $first, after: $after) { nodes { ${PIPELINE} couplings { stage } } ${PAGE} } }`,
);

export const PIPELINE_BOARD = operation<{ pipeline: model.Board | null }, { pipeline: string }>(
  `query Pipeline($pipeline: ID!) { pipeline(pipeline: $pipeline) { ${BOARD} } }`,
);

export const REVIEW_APPS = operation<
  { stage: { couplings: readonly { app: { reviewApp: model.ReviewApp | null } }[] } },
  { pipeline: string }
>(
  `query ReviewApps($pipeline: ID!) {
    stage(stage: REVIEW, pipeline: $pipeline) { couplings { app { reviewApp { ${REVIEW_APP} } } } } }`,
);

export const PIPELINE_CHECKS = operation<
  { pipeline: { availableChecks: readonly model.AvailableCheck[] } | null },
  { pipeline: string }
>(
  `query PipelineChecks($pipeline: ID!) {
    pipeline(pipeline: $pipeline) { availableChecks { context name lastReportedAt } } }`,
);

export const FIND_COUPLING = operation<{ coupling: model.Coupling | null }, { id?: string; app?: string }>(
  `query Coupling($id: ID, $app: ID) { coupling(id: $id, app: $app) { ${COUPLING} } }`,
);

export const BUILDS = operation<
  Listed<model.Build>,
  Page & { repository?: string | undefined; branch?: string | undefined; sha?: string | undefined }
>(
  `query Builds($first: Int, $after: String, $repository: String, $branch: String, $sha: String) {
    list: builds(first: $first, after: $after, repository: $repository, branch: $branch, commitSha: $sha) {
      nodes { ${BUILD} } ${PAGE} } }`,
);

export const RELEASES = operation<{ app: { list: model.Connection<model.Release> } | null }, Page & { app: string }>(
  `query Releases($app: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    app(app: $app) { list: releases(first: $first, after: $after, last: $last, before: $before) {
      nodes { ${RELEASE} } ${PAGE} } } }`,
);

export const RELEASE_NUMBERS = operation<
  { app: { list: model.Connection<Pick<model.Release, "id" | "version" | "phase" | "current">> } | null },
  Page & { app: string }
>(
  `query ReleaseNumbers($app: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    app(app: $app) { list: releases(first: $first, after: $after, last: $last, before: $before) {
      nodes { id version phase current } ${PAGE} } } }`,
);

export const RELEASE_BY_ID = operation<{ release: model.Release | null }, { id: string }>(
  `query Release($id: ID!) { release(id: $id) { ${RELEASE} } }`,
);

export const PROMOTIONS = operation<
  Listed<model.Promotion>,
  Page & { pipeline?: string | undefined; app?: string | undefined; phase?: model.PromotionPhase | undefined }
>(
  `query Promotions($first: Int, $after: String, $pipeline: ID, $app: ID, $phase: PromotionPhase) {
    list: promotions(first: $first, after: $after, pipeline: $pipeline, app: $app, phase: $phase) {
      nodes { ${PROMOTION} } ${PAGE} } }`,
);

export const PROMOTION_BY_ID = operation<{ promotion: model.Promotion | null }, { id: string }>(
  `query Promotion($id: ID!) { promotion(id: $id) { ${PROMOTION} } }`,
);

export const PROMOTION_PLAN = operation<{ promotionPlan: model.Plan }, { input: PromoteInput }>(
  `query PromotionPlan($input: PromoteInput!) { promotionPlan(input: $input) { ${PLAN} } }`,
);

/** Input for `promote` and `promotionPlan`. */
export interface PromoteInput {
  readonly app?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly stage?: model.Stage | undefined;
  readonly release?: string | undefined;
  readonly targets?: readonly string[] | undefined;
  readonly force?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

export const TOKENS = operation<Listed<model.Token>, Page>(
  `query Tokens($first: Int, $after: String) {
    list: tokens(first: $first, after: $after) { nodes { ${TOKEN} } ${PAGE} } }`,
);

/** Reads the cursor of the newest event. */
export const LOG_END = operation<{ events: { pageInfo: model.PageInfo } }>(
  `query LogEnd { events(last: 1) { ${PAGE} } }`,
);
