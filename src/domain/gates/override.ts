import type { Viewer } from "../../entities/access/token.js";
import type { Blocker } from "../../entities/releases/plan.js";
import { permit } from "../access/actions.js";
import { LIMITS, optional, parseText } from "../core/input.js";
import { badInput } from "../core/refusal.js";

/* Overrides: `force` with a `reason` bypasses gates, and is recorded. No role bypasses a gate in another way. */

/** The input fields of an override. */
export interface OverrideInput {
  readonly force?: boolean | null;
  readonly reason?: string | null;
}

/** An override as it is recorded. */
export interface Override {
  readonly forced: boolean;
  readonly reason: string | null;
}

/** The override of an operation without `force`. */
export const NOT_FORCED: Override = { forced: false, reason: null };

const FORCED = { forcePromotion: "promotion", forceRelease: "release" } as const;

/**
 * Validates an override. A reason is also kept without `force`.
 *
 * @throws Refusal FORBIDDEN if the viewer may not force it; BAD_USER_INPUT if `force` comes without a reason
 */
export function parseOverride(
  viewer: Viewer,
  action: keyof typeof FORCED,
  { force, reason: given }: OverrideInput,
): Override {
  const forced = force === true;
  if (forced) permit(viewer, action);
  const reason = optional(given, (value) => parseText("reason", value, LIMITS.description));
  if (forced && !reason?.trim()) throw badInput("reason", `reason must say why the ${FORCED[action]} is forced.`);
  return { forced, reason: reason || null };
}

/** The blockers that remain: with `force`, those that cannot be overridden. */
export function applyOverride({ force }: OverrideInput, blockers: readonly Blocker[]): readonly Blocker[] {
  return force === true ? blockers.filter((blocker) => !blocker.overridable) : blockers;
}
