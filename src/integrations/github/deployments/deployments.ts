import { z } from "zod";
import { normalizeText } from "../../../domain/core/values/normalize.js";
import type { Build } from "../../../entities/builds/build.js";
import type { GithubDeploymentState, ReleasePhase, Stage } from "../../../entities/core/enums.js";
import type { App } from "../../../entities/pipelines/app.js";
import type { Release } from "../../../entities/releases/release.js";
import type { GithubApi } from "./api.js";

/* Reports releases as GitHub deployments: https://docs.github.com/rest/deployments */

const STATE_BY_PHASE: Readonly<Record<ReleasePhase, GithubDeploymentState>> = {
  QUEUED: "QUEUED",
  DEPLOYING: "IN_PROGRESS",
  SUCCEEDED: "SUCCESS",
  FAILED: "FAILURE",
  SUPERSEDED: "INACTIVE",
};

/** A release as a GitHub deployment. */
export interface Deployment {
  readonly releaseId: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly sha: string;
  readonly environment: string;
  readonly version: number;
  readonly description: string;
  readonly transient: boolean;
  readonly production: boolean;
  readonly state: GithubDeploymentState;
  readonly stateDescription: string;
}

export function toDeployment(
  release: Release,
  build: Build,
  app: App,
  context: { readonly stage: Stage | null; readonly isReviewApp: boolean },
): Deployment {
  const deleted = app.deletedAt !== null;
  const state = deleted && release.phase === "SUCCEEDED" ? "INACTIVE" : STATE_BY_PHASE[release.phase];
  const text = deleted ? "The app was deleted." : (release.failureReason ?? release.description);
  return {
    releaseId: release.id,
    repository: build.repository.slice(build.repository.indexOf("/") + 1),
    sha: build.commitSha,
    environment: app.name,
    version: release.version,
    // GitHub limits both descriptions to 140 characters.
    description: normalizeText(release.description, 140) ?? "",
    transient: context.isReviewApp,
    production: context.stage === "PRODUCTION",
    state,
    stateDescription: normalizeText(text, 140) ?? "",
  };
}

const CREATED_DEPLOYMENT = z.object({ id: z.union([z.number(), z.string()]) });
const LISTED_DEPLOYMENTS = z.array(CREATED_DEPLOYMENT.extend({ payload: z.unknown() }));

/** Creates the deployment and returns GitHub's id for it. */
export async function createDeployment(api: GithubApi, deployment: Deployment, signal: AbortSignal): Promise<string> {
  const body = {
    ref: deployment.sha,
    environment: deployment.environment,
    description: deployment.description,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    // The build is already released: GitHub must not merge anything for it, and Railyard has evaluated the checks.
    auto_merge: false,
    required_contexts: [],
    payload: { railyard_release: deployment.releaseId, version: deployment.version },
  };
  const created = await api.request("POST", `/repos/${deployment.repository}/deployments`, body, signal);
  return String(CREATED_DEPLOYMENT.parse(created).id);
}

/** Finds the id of a deployment created by an earlier attempt; null if there is none. */
export async function findDeployment(
  api: GithubApi,
  { repository, sha, environment, releaseId }: Deployment,
  signal: AbortSignal,
): Promise<string | null> {
  const query = new URLSearchParams({ sha, environment, per_page: "100" });
  const listed = LISTED_DEPLOYMENTS.parse(
    await api.request("GET", `/repos/${repository}/deployments?${query}`, null, signal),
  );
  const match = listed.find(({ payload }) => releaseIdIn(payload) === releaseId);
  return match === undefined ? null : String(match.id);
}

export async function reportState(
  api: GithubApi,
  { repository, state, stateDescription }: Deployment,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const body = { state: state.toLowerCase(), description: stateDescription };
  await api.request("POST", `/repos/${repository}/deployments/${encodeURIComponent(id)}/statuses`, body, signal);
}

/** GitHub returns the payload as an object or as text. */
function releaseIdIn(payload: unknown): unknown {
  const object = typeof payload === "string" ? parseJson(payload) : payload;
  return (object as { railyard_release?: unknown } | null)?.railyard_release;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
