import { Build } from "../../entities/builds/build.js";
import { identify } from "../../entities/core/actor-columns.js";
import type { BuildPhase } from "../../entities/core/enums.js";
import { append } from "../../events/append.js";
import { changed } from "../../events/draft.js";
import { permit, permitRepository } from "../access/actions.js";
import { parseRequiredConfig } from "../config-vars/input.js";
import { type Ctx, SYSTEM_VIEWER } from "../core/context.js";
import { withIdempotency } from "../core/idempotency.js";
import {
  LIMITS,
  optional,
  parseBranch,
  parseComponent,
  parseLine,
  parseSha,
  parseText,
  parseUrl,
} from "../core/input.js";
import { lockCommit } from "../core/locks.js";
import { requireBuild } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { nextPosition } from "../core/values/position.js";
import { parseRepository } from "../core/values/repository-address.js";
import { autoDeploy } from "./auto-deploy.js";
import { buildStatusEvent, buildSubject, shortSha } from "./build-events.js";
import { inheritStatuses } from "./commit-statuses.js";
import { lockFollowers } from "./followers.js";
import { resolveUntilEnd } from "./repository-names.js";

export interface CommitInput {
  readonly sha: string;
  readonly message?: string | null;
  readonly author?: string | null;
  readonly url?: string | null;
  readonly committedAt?: Date | null;
  readonly parents?: readonly string[] | null;
}

export interface CreateBuildInput {
  readonly repository: string;
  readonly component?: string | null;
  readonly branch?: string | null;
  readonly sequence?: number | null;
  readonly commit: CommitInput;
  readonly artifact?: string | null;
  readonly checksum?: string | null;
  readonly phase?: BuildPhase | null;
  /** The keys of config vars that the build needs. */
  readonly requiredConfig?: readonly string[] | null;
  readonly idempotencyKey?: string | null;
}

/**
 * Registers a build with the statuses that its commit already has. A build that SUCCEEDED is deployed automatically.
 */
export async function createBuild(ctx: Ctx, input: CreateBuildInput): Promise<Build> {
  permit(ctx.viewer, "createBuild");
  const phase = input.phase ?? "SUCCEEDED";
  const now = ctx.now();
  const build = Object.assign(new Build(), {
    id: newId(),
    phase,
    repository: parseRepository("repository", input.repository),
    component: optional(input.component, (value) => parseComponent("component", value)),
    branch: optional(input.branch, (value) => parseBranch("branch", value)),
    sequence: parseSequence(input.sequence ?? null),
    position: 0,
    registeredBy: identify(ctx.viewer),
    committedAt: input.commit.committedAt ?? null,
    parents: parseParents(input.commit.parents ?? null),
    commitSha: parseSha("commit.sha", input.commit.sha),
    commitMessage: optional(input.commit.message, (value) => parseText("commit.message", value, LIMITS.commitMessage)),
    commitAuthor: optional(input.commit.author, (value) => parseLine("commit.author", value)),
    commitUrl: optional(input.commit.url, (value) => parseUrl("commit.url", value)),
    ...parseArtifact(phase, input),
    requiredConfig: parseRequiredConfig("requiredConfig", input.requiredConfig ?? []),
    createdAt: now,
    updatedAt: now,
  });
  const named = build.repository;
  return withIdempotency(ctx, "createBuild", input, Build, async (tx) => {
    // CI may still report a former name.
    build.repository = await resolveUntilEnd(tx, named);
    await permitRepository(tx, ctx.viewer, "createBuild", build.repository, named);
    await lockCommit(tx, build.repository, build.commitSha);
    await lockFollowers(tx, build);
    // Assigned under the locks: of two builds that are registered at once, the one that commits last is the newest.
    build.position = await nextPosition(tx, "builds");
    await tx.insert(Build, [build]);
    const known = await inheritStatuses(tx, SYSTEM_VIEWER, build, now);
    await append(tx, ctx.viewer, now, [
      changed("BUILD_CREATED", buildSubject(build), `Build of ${shortSha(build)} registered, ${phase}`),
      ...known.map((status) => ({ ...buildStatusEvent(build, status), actor: SYSTEM_VIEWER })),
      ...(await autoDeploy(tx, ctx, build)),
    ]);
    return build;
  });
}

export interface UpdateBuildInput {
  readonly build: string;
  readonly phase: BuildPhase;
  readonly artifact?: string | null;
  readonly checksum?: string | null;
}

/** Records the phase of a build. A build that SUCCEEDED never changes again. A repeated report changes nothing. */
export async function updateBuild(ctx: Ctx, input: UpdateBuildInput): Promise<Build> {
  permit(ctx.viewer, "updateBuild");
  return ctx.db.write(async (tx) => {
    const found = await requireBuild(tx, "build", input.build);
    await permitRepository(tx, ctx.viewer, "updateBuild", found.repository);
    await lockFollowers(tx, found);
    const build = await requireBuild(tx, "build", input.build, { lock: "change" });
    const same =
      build.phase === input.phase &&
      (input.artifact ?? build.artifact) === build.artifact &&
      (input.checksum ?? build.checksum) === build.checksum;
    if (same) return build;
    if (build.phase === "SUCCEEDED") throw conflict(`Build ${build.id} has SUCCEEDED, and never changes again.`);
    const now = ctx.now();
    const patch = { phase: input.phase, ...parseArtifact(input.phase, input), updatedAt: now };
    Object.assign(build, patch);
    await tx.update(Build, { id: build.id }, patch);
    await append(tx, ctx.viewer, now, [
      changed("BUILD_UPDATED", buildSubject(build), `Build of ${shortSha(build)} is ${build.phase}`),
      ...(await autoDeploy(tx, ctx, build)),
    ]);
    return build;
  });
}

/** The most parents that are stored for a commit. Git has no limit, but merges of more are rare. */
const MAX_PARENTS = 16;

function parseParents(parents: readonly string[] | null): readonly string[] | null {
  if (parents === null) return null;
  if (parents.length > MAX_PARENTS) {
    throw badInput(
      "commit.parents",
      `commit.parents must have at most ${MAX_PARENTS} hashes; it has ${parents.length}.`,
    );
  }
  return parents.map((parent, index) => parseSha(`commit.parents.${index}`, parent));
}

function parseSequence(sequence: number | null): number | null {
  if (sequence === null || sequence >= 0) return sequence;
  throw badInput("sequence", `sequence must be 0 or more; got ${sequence}.`);
}

/** Parses the artifact. A SUCCEEDED build must have one, and other builds must not. */
function parseArtifact(
  phase: BuildPhase,
  input: { readonly artifact?: string | null; readonly checksum?: string | null },
): Pick<Build, "artifact" | "checksum"> {
  const artifact = optional(input.artifact, (value) => parseLine("artifact", value, LIMITS.url));
  const checksum = optional(input.checksum, (value) => parseLine("checksum", value));
  if (phase === "SUCCEEDED" && artifact === null) {
    throw badInput(
      "artifact",
      "artifact must say where the build is, for example an image reference; only a PENDING or FAILED build has none.",
    );
  }
  if (phase !== "SUCCEEDED" && artifact !== null)
    throw badInput("artifact", "artifact must be omitted unless the phase is SUCCEEDED.");
  if (phase !== "SUCCEEDED" && checksum !== null)
    throw badInput("checksum", "checksum must be omitted unless the phase is SUCCEEDED.");
  return { artifact, checksum };
}
