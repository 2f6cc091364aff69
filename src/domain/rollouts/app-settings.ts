import type { VerificationFailure } from "../../entities/core/enums.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Verification } from "../../entities/pipelines/verification.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { LIMITS, parseContext, parseWhole } from "../core/input.js";
import { lockCoupling } from "../core/locks.js";
import { badInput } from "../core/refusal.js";
import { formatDuration, parseDuration } from "../core/values/duration.js";
import { findLoosened, type Strictness, smallerIsStricter, stricterIn } from "../gates/strictness.js";
import { writeChange } from "../pipelines/coupling-changes.js";

/* Settings of an app for rollouts: its wave and its verification. */

export interface SetWaveInput {
  readonly coupling: string;
  readonly wave: number;
}

/** The number of a wave: 1 to 20. */
export function parseWave(field: string, value: number): number {
  return parseWhole(field, value, 1, LIMITS.waves);
}

export interface VerificationInput {
  readonly checks: readonly string[];
  /** @default 30m */
  readonly within?: string | null;
  /** @default STOP */
  readonly onFailure?: VerificationFailure | null;
}

export interface SetVerificationInput {
  readonly coupling: string;
  /** Null or undefined if releases are not verified. */
  readonly verification?: VerificationInput | null;
}

/** What loosens a verification. */
const STRICTNESS: Required<Strictness<Verification>> = {
  checks: (before, after) => before.some((context) => !after.includes(context)),
  within: smallerIsStricter,
  onFailure: stricterIn(["RECORD", "STOP", "ROLL_BACK"]),
};

/**
 * Sets how the releases of an app are verified. It applies to releases that succeed from now on.
 *
 * @throws Refusal FORBIDDEN if it is loosened or removed and the viewer is not ADMIN
 */
export async function setVerification(ctx: Ctx, input: SetVerificationInput): Promise<Coupling> {
  permit(ctx.viewer, "setVerification");
  const verification = input.verification == null ? null : parseVerification(input.verification);
  return ctx.db.write(async (tx) => {
    const coupling = await lockCoupling(tx, "coupling", input.coupling);
    const before = coupling.verification;
    if (JSON.stringify(before) === JSON.stringify(verification)) return coupling;
    const loosens =
      before !== null && (verification === null || findLoosened(STRICTNESS, before, verification).length > 0);
    if (loosens) permit(ctx.viewer, "loosenVerification");
    const change = {
      type: "COUPLING_VERIFICATION_CHANGED",
      summary: ({ name }: { readonly name: string }) =>
        `Verification of ${name}: ${describe(before)} → ${describe(verification)}`,
    } as const;
    return writeChange(tx, ctx, coupling, { verification }, change);
  });
}

function parseVerification({ checks, within, onFailure }: VerificationInput): Verification {
  if (checks.length === 0 || checks.length > LIMITS.verificationChecks) {
    throw badInput(
      "verification.checks",
      `verification.checks must name 1 to ${LIMITS.verificationChecks} checks; it has ${checks.length}.`,
    );
  }
  const contexts = checks.map((context, index) => parseContext(`verification.checks.${index}`, context));
  return {
    checks: [...new Set(contexts)].sort(),
    within: parseDuration("verification.within", within ?? "30m", "1m", "24h"),
    onFailure: onFailure ?? "STOP",
  };
}

function describe(verification: Verification | null): string {
  if (verification === null) return "none";
  const { checks, within, onFailure } = verification;
  return `${checks.join(", ")} within ${formatDuration(within)}, else ${onFailure}`;
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
