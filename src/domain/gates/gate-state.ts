import type { Reader } from "../../database/rows/reader.js";
import { GateState } from "../../entities/gates/gate-state.js";
import { findFrozen, hasBegun, hasEnded } from "./freezes/freeze-gate.js";
import type { Target } from "./gate.js";
import { type GateRules, loadGateRules } from "./gate-rules.js";
import { matchesScope, placeOf } from "./scopes.js";
import { evaluateWindow } from "./windows/activity.js";
import { findClosed } from "./windows/window-gate.js";

/*
 * Whether windows and freezes let anything through, by the functions of their gates. Exemptions of builds are left aside:
 * a place is closed even if one build may pass.
 */

/** How many changes ahead are followed to find when a place opens or closes. */
const MAX_CHANGES = 100;

/** The windows and freezes, and the time by which they are evaluated. */
export interface RulesNow {
  readonly rules: GateRules;
  readonly now: Date;
}

/** Loads the windows and freezes once for an operation, however many gates it shows. */
export async function loadRulesNow(reader: Reader, keys: readonly "all"[], now: Date): Promise<RulesNow[]> {
  const rules = await loadGateRules(reader);
  return keys.map(() => ({ rules, now }));
}

/** Whether there is anything that could hold something back. */
export function hasRules({ rules: { windows, freezes } }: RulesNow): boolean {
  return windows.length + freezes.length > 0;
}

/** The state of a place with these apps: open if it is for all of them. */
export function evaluateState({ rules, now }: RulesNow, targets: readonly Target[]): GateState {
  const blockers = findBlockers(now, rules, targets);
  const open = blockers.length === 0;
  return Object.assign(new GateState(), {
    open,
    blockers,
    findNextOpening: () => (open ? null : findNextOpening(now, rules, targets)),
    findNextClosing: () => (open ? findNextClosing(now, rules, targets) : null),
  });
}

function findBlockers(now: Date, { windows, freezes }: GateRules, targets: readonly Target[]) {
  return targets.flatMap((target) => [...findFrozen(now, target, null, freezes), ...findClosed(now, target, windows)]);
}

/** When all targets are open; null if that is not known. They cannot open before every present blocker clears. */
function findNextOpening(now: Date, rules: GateRules, targets: readonly Target[]): Date | null {
  let time = now;
  for (let step = 0; step < MAX_CHANGES; step += 1) {
    const blockers = findBlockers(time, rules, targets);
    if (blockers.length === 0) return time;
    const ends = blockers.flatMap(({ clearsAt }) => clearsAt?.getTime() ?? []);
    if (ends.length < blockers.length) return null;
    time = new Date(Math.max(...ends));
  }
  return null;
}

/** When one of the open targets closes; null if that is not known. */
function findNextClosing(now: Date, rules: GateRules, targets: readonly Target[]): Date | null {
  let time = now;
  for (let step = 0; step < MAX_CHANGES; step += 1) {
    const changes = targets.flatMap((target) => findChanges(time, rules, target));
    if (changes.length === 0) return null;
    time = new Date(Math.min(...changes));
    if (findBlockers(time, rules, targets).length > 0) return time;
  }
  return null;
}

/** The next times after `now` at which something in scope changes. */
function findChanges(now: Date, { windows, freezes }: GateRules, target: Target): number[] {
  const place = placeOf(target);
  return [
    ...windows
      .filter(({ scope }) => matchesScope(scope, place))
      .flatMap(({ window }) => evaluateWindow(window, now).until ?? []),
    ...freezes
      .filter(({ freeze, scope }) => !hasEnded(freeze, now) && matchesScope(scope, place))
      .flatMap(({ freeze, exemptions }) => [
        ...(hasBegun(freeze, now) ? [] : [freeze.startsAt.getTime()]),
        ...exemptions.filter(({ appId }) => appId === target.app.id).map(({ expiresAt }) => expiresAt.getTime()),
      ])
      .filter((change) => change > now.getTime()),
  ];
}
