import { z } from "zod";
import { normalizeText } from "../../domain/core/normalize.js";
import type { Build } from "../../entities/builds/build.js";
import type { ReleasePhase, Stage } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Release } from "../../entities/releases/release.js";
import type { GithubApi } from "./api.js";

/* Releases as GitHub's deployments: https://docs.github.com/rest/deployments */

const STATE_BY_PHASE: Readonly<Record<ReleasePhase, string>> = {
  QUEUED: "queued",
  DEPLOYING: "in_progress",
  SUCCEEDED: "success",
  FAILED: "failure",
  SUPERSEDED: "inactive",
};

/** A release in GitHub's words. */
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
  readonly state: string;
  readonly stateDescription: string;
}

export function toDeployment(
  release: Release,
  build: Build,
  app: App,
  place: { readonly stage: Stage | null; readonly isReviewApp: boolean },
): Deployment {
  const gone = app.deletedAt !== null;
  const state = gone && release.phase === "SUCCEEDED" ? "inactive" : STATE_BY_PHASE[release.phase];
  const words = gone ? "The app was deleted." : (release.failureReason ?? release.description);
  return {
    releaseId: release.id,
    repository: build.repository.slice(build.repository.indexOf("/") + 1),
    sha: build.commitSha,
    environment: app.name,
    version: release.version,
    // GitHub keeps 140 characters of either.
    description: normalizeText(release.description, 140) ?? "",
    transient: place.isReviewApp,
    production: place.stage === "PRODUCTION",
    state,
    stateDescription: normalizeText(words, 140) ?? "",
  };
}

const CREATED_DEPLOYMENT = z.object({ id: z.union([z.number(), z.string()]) });
const LISTED_DEPLOYMENTS = z.array(CREATED_DEPLOYMENT.extend({ payload: z.unknown() }));

/** Makes the deployment, and gives back GitHub's id of it. */
export async function createDeployment(api: GithubApi, deployment: Deployment, signal: AbortSignal): Promise<string> {
  const body = {
    ref: deployment.sha,
    environment: deployment.environment,
    description: deployment.description,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    // What is released is released: nothing is to be merged for it, and the checks were judged here.
    auto_merge: false,
    required_contexts: [],
    payload: { railyard_release: deployment.releaseId, version: deployment.version },
  };
  const made = await api.request("POST", `/repos/${deployment.repository}/deployments`, body, signal);
  return String(CREATED_DEPLOYMENT.parse(made).id);
}

/** GitHub's id of the deployment that an earlier attempt may have made; null where it has made none. */
export async function findDeployment(
  api: GithubApi,
  { repository, sha, environment, releaseId }: Deployment,
  signal: AbortSignal,
): Promise<string | null> {
  const query = new URLSearchParams({ sha, environment, per_page: "100" });
  const listed = LISTED_DEPLOYMENTS.parse(
    await api.request("GET", `/repos/${repository}/deployments?${query}`, null, signal),
  );
  const mine = listed.find(({ payload }) => releaseIdIn(payload) === releaseId);
  return mine === undefined ? null : String(mine.id);
}

export async function reportState(
  api: GithubApi,
  { repository, state, stateDescription }: Deployment,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  const body = { state, description: stateDescription };
  await api.request("POST", `/repos/${repository}/deployments/${encodeURIComponent(id)}/statuses`, body, signal);
}

/** GitHub hands a payload back as it was given, or as text. */
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
