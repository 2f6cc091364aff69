import type { Remedy } from "../../../entities/core/enums.js";
import type { Freeze } from "../../../entities/gates/freeze.js";
import type { Blocker } from "../../../entities/releases/plan.js";
import { createBlocker } from "../blocker.js";
import { defineGate, type Target } from "../gate.js";
import { gateRulesFact, type ScopedFreeze } from "../gate-rules.js";
import { type GatePlace, matchesScope, placeOf } from "../scopes.js";

/** Blocks while a freeze in scope is in force that lets neither the build nor the app through. */
export const freezeGate = defineGate({
  name: "freezes",
  holdsConfig: true,
  facts: { rules: gateRulesFact },
  evaluate: (now, { targets, build }, { rules }) =>
    targets.flatMap((target) => findFrozen(now, target, build.id, rules.freezes)),
});

/**
 * The freezes that hold a target back. Pure.
 *
 * @param buildId null to leave exemptions of builds aside
 */
export function findFrozen(
  now: Date,
  target: Target,
  buildId: string | null,
  freezes: readonly ScopedFreeze[],
): Blocker[] {
  return freezes
    .filter((one) => isInForce(now, placeOf(target), one) && !isExempt(now, target, buildId, one))
    .map(({ freeze }) => describe(target, freeze));
}

/** Whether freezes are in force, for the loader of an operation. */
export async function areInForce(_reader: unknown, freezes: readonly Freeze[], now: Date): Promise<boolean[]> {
  return freezes.map((freeze) => hasBegun(freeze, now) && !hasEnded(freeze, now));
}

/** Whether a freeze applies to a place now. Exemptions are left aside. */
export function isInForce(
  now: Date,
  place: GatePlace,
  { freeze, scope }: Pick<ScopedFreeze, "freeze" | "scope">,
): boolean {
  return hasBegun(freeze, now) && !hasEnded(freeze, now) && matchesScope(scope, place);
}

/**
 * A freeze that began when it was created is in force for everybody who sees it: a transaction may have begun before it, by the
 * time that gates go by, and evaluates after it.
 */
export function hasBegun({ startsAt, createdAt }: Freeze, now: Date): boolean {
  // A time that cannot be compared has begun.
  return !(startsAt > now && startsAt > createdAt);
}

export function hasEnded({ ended, endsAt }: Freeze, now: Date): boolean {
  return ended || (endsAt !== null && endsAt <= now);
}

function isExempt(now: Date, { app }: Target, buildId: string | null, { exemptions }: ScopedFreeze): boolean {
  return exemptions.some(
    (one) => one.expiresAt > now && (one.appId === app.id || (buildId !== null && one.buildId === buildId)),
  );
}

function describe({ app }: Target, freeze: Freeze): Blocker {
  const end = freeze.endsAt === null ? "until it is lifted" : `until ${freeze.endsAt.toISOString()}`;
  const remedies: Remedy[] = [];
  if (freeze.endsAt !== null) remedies.push("WAIT");
  remedies.push("LIFT_FREEZE");
  if (!freeze.hard) remedies.push("FORCE");
  return createBlocker({
    code: "FROZEN",
    message: `${app.name} is frozen ${end}: ${freeze.reason}`,
    app,
    cause: freeze,
    clearsAt: freeze.endsAt,
    remedies,
  });
}
