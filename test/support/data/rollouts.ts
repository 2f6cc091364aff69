import type { Client } from "../clients/client.js";
import { type Named, Seed, type SeededBuild } from "./seed.js";

/* A pipeline whose PRODUCTION apps are in waves, and what happens to a promotion to them. */

export interface Region extends Named {
  readonly couplingId: string;
  readonly wave: number;
}

export interface Fleet {
  readonly pipeline: Named;
  readonly staging: Named & { couplingId: string };
  readonly regions: readonly Region[];
  readonly build: SeededBuild;
  /** The id of the release on staging. */
  readonly release: string;
}

/**
 * Creates a fleet.
 *
 * @param sizes how many apps each wave has, from the first wave on
 * @param policy of PRODUCTION
 */
export async function createFleet(
  admin: Client,
  sizes: readonly number[],
  { policy = {}, deploymentMode = "REPORTED" }: { policy?: object; deploymentMode?: string } = {},
): Promise<Fleet> {
  const seed = new Seed(admin);
  const pipeline = await seed.pipeline();
  const staging = await seed.coupled(pipeline, "STAGING");
  const regions: Region[] = [];
  for (const [index, size] of sizes.entries()) {
    for (let count = 0; count < size; count += 1) {
      const app = await seed.coupled(pipeline, "PRODUCTION", { deploymentMode });
      const wave = index + 1;
      if (wave > 1) await admin.mutate("setWave", { coupling: app.couplingId, wave }, "coupling { wave }");
      regions.push({ ...app, wave });
    }
  }
  if (Object.keys(policy).length > 0) {
    const input = { pipeline: pipeline.id, stage: "PRODUCTION", ...policy };
    await admin.mutate("updateStagePolicy", input, "policy { stage }");
  }
  const build = await seed.build();
  const { id: release } = await seed.release(staging, build);
  return { pipeline, staging, regions, build, release };
}

export const ROLLOUT = `id phase paused clearsAt endReason endedBy { name } needsReview forcedPast { code }
  blockers { code message remedies clearsAt app { name } }
  waves { number phase startsAt blockers { code message remedies clearsAt } targets { app { name } phase } }
  targets { phase wave app { id name } release { id version phase } }`;

/** A promotion as `ROLLOUT` selects it. */
export interface Rollout {
  readonly id: string;
  readonly phase: string;
  readonly paused: boolean;
  readonly clearsAt: string | null;
  readonly endReason: string | null;
  readonly endedBy: { readonly name: string } | null;
  readonly needsReview: boolean;
  readonly forcedPast: readonly { readonly code: string }[];
  readonly blockers: readonly RolloutBlocker[];
  readonly waves: readonly {
    readonly number: number;
    readonly phase: string;
    readonly startsAt: string | null;
    readonly blockers: readonly RolloutBlocker[];
    readonly targets: readonly { readonly app: { readonly name: string }; readonly phase: string }[];
  }[];
  readonly targets: readonly {
    readonly phase: string;
    readonly wave: number;
    readonly app: Named;
    readonly release: { readonly id: string; readonly version: number; readonly phase: string } | null;
  }[];
}

interface RolloutBlocker {
  readonly code: string;
  readonly message: string;
  readonly remedies: readonly string[];
  readonly clearsAt: string | null;
}

/** Promotes the release of a fleet's staging app. */
export async function rollOut(
  client: Client,
  { staging }: Pick<Fleet, "staging">,
  input: object = {},
): Promise<Rollout> {
  return (await client.mutate("promote", { app: staging.id, ...input }, `promotion { ${ROLLOUT} }`)).promotion;
}

export async function readRollout(client: Client, id: string): Promise<Rollout> {
  return (await client.ask(`query ($id: ID!) { promotion(id: $id) { ${ROLLOUT} } }`, { id })).promotion;
}

/** The phases of the targets, wave by wave: `DEPLOYING DEPLOYING, WAITING`. */
export function toPhases({ waves }: Rollout): string {
  return waves.map(({ targets }) => targets.map(({ phase }) => phase).join(" ")).join(", ");
}

/** The waves: `1 SUCCEEDED, 2 WAITING`. */
export function toWaves({ waves }: Rollout): string {
  return waves.map(({ number, phase }) => `${number} ${phase}`).join(", ");
}

/** The codes of the blockers. */
export function toCodes({ blockers }: Pick<Rollout, "blockers">): string[] {
  return blockers.map(({ code }) => code);
}

/** Reports the outcome of the releases of a promotion that are under way: all, or as many as given. */
export async function reportAll(
  client: Client,
  id: string,
  phase: string,
  most = Number.POSITIVE_INFINITY,
): Promise<void> {
  const { targets } = await readRollout(client, id);
  const deploying = targets.filter(({ release }) => release?.phase === "DEPLOYING").slice(0, most);
  for (const { release } of deploying) {
    await client.mutate("reportDeployment", { release: release?.id, phase }, "release { phase }");
  }
}
