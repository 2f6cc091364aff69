import type { Coupling } from "../../entities/pipelines/coupling.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { LIMITS, parseWhole } from "../core/input.js";
import { lockCoupling } from "../core/locks.js";
import { writeChange } from "../pipelines/coupling-changes.js";

/* What is set per app about rollouts. */

export interface SetWaveInput {
  readonly coupling: string;
  readonly wave: number;
}

/** The number of a wave: 1 to 20. */
export function parseWave(field: string, value: number): number {
  return parseWhole(field, value, 1, LIMITS.waves);
}

/** Sets the wave of an app. Promotions that exist keep the waves of their targets. */
export async function setWave(ctx: Ctx, input: SetWaveInput): Promise<Coupling> {
  permit(ctx.viewer, "setWave");
  const wave = parseWave("wave", input.wave);
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    if (wave === coupling.wave) return coupling;
    const before = coupling.wave;
    const change = {
      type: "COUPLING_WAVE_CHANGED",
      summary: ({ name }: { readonly name: string }) => `Wave of ${name}: ${before} → ${wave}`,
    } as const;
    return writeChange(tx, ctx, coupling, { wave }, change);
  });
}
