import { appsRunning, currentReleases } from "../../database/queries/current-releases.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Build } from "../../entities/builds/build.js";
import type { ConfigParity, Stage } from "../../entities/core/enums.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Release } from "../../entities/releases/release.js";
import { LIMITS } from "../core/input.js";
import { requireApp, requirePipeline, requireRelease } from "../core/references.js";
import { badInput } from "../core/refusal.js";
import type { OverrideInput } from "../gates/override.js";

/* The input of `promote` and `promotionPlan`. Finds the rows that it refers to. */

export interface PromoteInput extends OverrideInput {
  readonly app?: string | null;
  readonly pipeline?: string | null;
  readonly stage?: Stage | null;
  readonly release?: string | null;
  readonly targets?: readonly string[] | null;
  readonly skipUpToDate?: boolean | null;
  /** Whether to wait, instead of being refused, if every blocker can be cleared without `force`. */
  readonly whenReady?: boolean | null;
  /** The earliest time at which it may start. Implies `whenReady`. */
  readonly notBefore?: Date | null;
  /** How long it may wait, from `notBefore` on if that is given. @default 72h */
  readonly expiresIn?: string | null;
  /** How config vars are compared: at least by this rule, or not at all if OFF; by the rule of the stage if omitted. */
  readonly parity?: ConfigParity | null;
  readonly idempotencyKey?: string | null;
}

/**
 * The source app with its pipeline and stage: the app that the input names, or the first of the stage that has a
 * current release; null if none has.
 */
export async function findSource(
  reader: Reader,
  input: PromoteInput,
): Promise<{ pipeline: Pipeline; from: Stage; source: App | null }> {
  if (input.app != null) {
    const source = await requireApp(reader, "app", input.app);
    const coupling = await reader.first(Coupling, { appId: source.id });
    if (coupling === null) throw badInput("app", `app must be in a pipeline; ${source.name} is in none.`);
    const pipeline = await requirePipeline(reader, "pipeline", input.pipeline ?? coupling.pipelineId);
    if (pipeline.id !== coupling.pipelineId) {
      throw badInput("pipeline", `pipeline must be that of the app: ${source.name} is not in ${pipeline.name}.`);
    }
    if (input.stage != null && input.stage !== coupling.stage) {
      throw badInput("stage", `stage must be that of the app: ${source.name} is in ${coupling.stage}.`);
    }
    return { pipeline, from: coupling.stage, source };
  }
  if (input.pipeline == null || input.stage == null) {
    throw badInput("app", "app must name the source app; without it, pipeline and stage must both be given.");
  }
  const pipeline = await requirePipeline(reader, "pipeline", input.pipeline);
  const couplings = await reader.find(Coupling, { pipelineId: pipeline.id, stage: input.stage }, { order: "position" });
  const current = await currentReleases(
    reader,
    couplings.map((coupling) => coupling.appId),
  );
  const first = couplings.find((coupling) => current.has(coupling.appId));
  const source = first === undefined ? null : await reader.first(App, { id: first.appId });
  return { pipeline, from: input.stage, source };
}

/**
 * The release to promote: the one that the input names, or the current one of the source; null if there is no such
 * release.
 */
export async function findRelease(reader: Reader, input: PromoteInput, source: App | null): Promise<Release | null> {
  if (input.release == null) {
    return source === null ? null : ((await currentReleases(reader, [source.id])).get(source.id) ?? null);
  }
  const release = await requireRelease(reader, "release", input.release);
  if (release.appId === source?.id) return release;
  throw badInput("release", `release must be a release of the source app${source ? `, ${source.name}` : ""}.`);
}

/** The couplings of the targets: the given apps, each of which must be in the next stage, or all of that stage. */
export async function findTargets(
  reader: Reader,
  { targets }: PromoteInput,
  pipeline: Pipeline,
  to: Stage | null,
): Promise<Coupling[]> {
  if (targets?.length === 0) {
    throw badInput("targets", "targets must name an app, or be left out for all of the next stage.");
  }
  if (targets != null && targets.length > LIMITS.targets) {
    throw badInput("targets", `targets must name at most ${LIMITS.targets} apps; it has ${targets.length}.`);
  }
  if (to === null) return [];
  const inStage = await reader.find(Coupling, { pipelineId: pipeline.id, stage: to }, { order: "position" });
  if (targets == null) return inStage;
  const named = new Map<string, Coupling>();
  for (const [index, reference] of targets.entries()) {
    const app = await requireApp(reader, `targets.${index}`, reference);
    const coupling = inStage.find((one) => one.appId === app.id);
    if (coupling === undefined) {
      throw badInput(`targets.${index}`, `targets.${index} must be in ${to} of ${pipeline.name}; ${app.name} is not.`);
    }
    named.set(app.id, coupling);
  }
  return [...named.values()];
}

/** Leaves out the apps that already run the build. */
export async function withoutRunning(
  reader: Reader,
  build: Build,
  couplings: readonly Coupling[],
): Promise<Coupling[]> {
  const ids = couplings.map((coupling) => coupling.appId);
  const running = await appsRunning(reader, build.id, ids);
  return couplings.filter((coupling) => !running.has(coupling.appId));
}
