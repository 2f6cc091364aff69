import type { Remedy } from "../../../entities/core/enums.js";
import type { Freeze } from "../../../entities/gates/freeze.js";
import { type Closure, toBlockers } from "../blocker.js";
import type { ApplicableFreeze, ApplicableRules, ScopedFreeze } from "../calendar/applicable-rules.js";
import { gateRulesFact } from "../calendar/rules.js";
import { type GatePlace, matchesScope } from "../calendar/scopes.js";
import { defineGate } from "../gate.js";

/** Blocks while a freeze is in force for the app, unless the build or the app is exempt. */
export const freezeGate = defineGate({
  name: "freezes",
  holdsConfig: true,
  facts: { rules: gateRulesFact },
  evaluate: (now, { targets, build }, { rules }) =>
    targets.flatMap((target) => toBlockers(target.app, findFrozen(rules.findApplicable(target), now, build.id))),
});

/**
 * The freezes that block the apps with these rules. Pure.
 *
 * @param buildId null to ignore exemptions of builds
 */
export function findFrozen(rules: ApplicableRules, now: Date, buildId: string | null): readonly Closure[] {
  const closures = rules.compute(findFrozenApps, now);
  if (buildId === null || !closures.some(({ ofBuilds }) => ofBuilds.length > 0)) return closures;
  return closures.filter(({ ofBuilds }) => !ofBuilds.some((one) => one.buildId === buildId && one.expiresAt > now));
}

interface FrozenApps extends Closure, Pick<ApplicableFreeze, "ofBuilds"> {}

function findFrozenApps({ freezes }: ApplicableRules, now: Date): FrozenApps[] {
  return freezes
    .filter(({ freeze, ofApp }) => isOn(freeze, now) && !ofApp.some(({ expiresAt }) => expiresAt > now))
    .map(({ freeze, ofBuilds }) => ({ ...describe(freeze), ofBuilds }));
}

/** Whether each freeze is in force, for `loaders.computed`. */
export async function areInForce(_reader: unknown, freezes: readonly Freeze[], now: Date): Promise<boolean[]> {
  return freezes.map((freeze) => isOn(freeze, now));
}

/** Whether a freeze applies to a place now. Ignores exemptions. */
export function isInForce(
  now: Date,
  place: GatePlace,
  { freeze, scope }: Pick<ScopedFreeze, "freeze" | "scope">,
): boolean {
  return isOn(freeze, now) && matchesScope(scope, place);
}

function isOn(freeze: Freeze, now: Date): boolean {
  return hasBegun(freeze, now) && !hasEnded(freeze, now);
}

/**
 * Whether a freeze has begun. A freeze that begins with its creation is in force for every transaction that sees it.
 * `now` may be earlier than its start, because it is the time at which the transaction began.
 */
export function hasBegun({ startsAt, createdAt }: Freeze, now: Date): boolean {
  // Written so that an invalid date counts as begun.
  return !(startsAt > now && startsAt > createdAt);
}

export function hasEnded({ ended, endsAt }: Freeze, now: Date): boolean {
  return ended || (endsAt !== null && endsAt <= now);
}

function describe(freeze: Freeze): Closure {
  const remedies: Remedy[] = [];
  if (freeze.endsAt !== null) remedies.push("WAIT");
  remedies.push("LIFT_FREEZE");
  if (!freeze.hard) remedies.push("FORCE");
  let rest: string | null = null;
  const toMessage = (name: string) => {
    rest ??= `is frozen ${freeze.endsAt === null ? "until it is lifted" : `until ${freeze.endsAt.toISOString()}`}: ${freeze.reason}`;
    return `${name} ${rest}`;
  };
  return { code: "FROZEN", cause: freeze, clearsAt: freeze.endsAt, remedies, toMessage };
}
