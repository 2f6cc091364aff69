import type { Reader } from "../../database/rows/reader.js";
import { GateState } from "../../entities/gates/gate-state.js";
import type { Blocker } from "../../entities/releases/plan.js";
import type { ApplicableRules, GateRules } from "./applicable-rules.js";
import { type Closure, toBlockers } from "./blocker.js";
import { findFrozen, hasBegun, hasEnded } from "./freezes/freeze-gate.js";
import type { Target } from "./gate.js";
import { loadGateRules } from "./gate-rules.js";
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
export function hasRules({ rules }: RulesNow): boolean {
  return rules.count > 0;
}

/** The state of a place with these apps: open if it is for all of them. */
export function evaluateState({ rules, now }: RulesNow, targets: readonly Target[]): GateState {
  const applicable = targets.map((target) => rules.findApplicable(target));
  const [first, ...others] = new Set(applicable);
  const open = first === undefined || (isOpen(first, now) && others.every((one) => isOpen(one, now)));
  const findOpening = () => {
    if (first === undefined || open) return null;
    return others.length === 0 ? first.compute(findOwnOpening, now) : findNextOpening([first, ...others], now);
  };
  const findClosing = () => {
    if (first === undefined || !open) return null;
    return others.length === 0 ? first.compute(findOwnClosing, now) : findNextClosing([first, ...others], now);
  };
  const findBlockers = (): Blocker[] =>
    open ? [] : targets.flatMap(({ app }, index) => toBlockers(app, closuresOf(applicable[index], now)));
  return Object.assign(new GateState(), {
    open,
    findBlockers,
    findNextOpening: findOpening,
    findNextClosing: findClosing,
  });
}

function closuresOf(rules: ApplicableRules | undefined, now: Date): readonly Closure[] {
  return rules?.compute(findClosures, now) ?? [];
}

function isOpen(rules: ApplicableRules, now: Date): boolean {
  return rules.compute(findClosures, now).length === 0;
}

function findClosures(rules: ApplicableRules, now: Date): readonly Closure[] {
  return [...findFrozen(rules, now, null), ...findClosed(rules, now)];
}

function findOwnOpening(rules: ApplicableRules, now: Date): Date | null {
  return findNextOpening([rules], now);
}

function findOwnClosing(rules: ApplicableRules, now: Date): Date | null {
  return findNextClosing([rules], now);
}

/** When all are open; null if that is not known. They cannot open before everything that closes them now has ended. */
function findNextOpening(all: readonly ApplicableRules[], now: Date): Date | null {
  let time = now;
  for (let step = 0; step < MAX_CHANGES; step += 1) {
    let latest = Number.NEGATIVE_INFINITY;
    for (const rules of all) {
      for (const { clearsAt } of findClosures(rules, time)) {
        if (clearsAt === null) return null;
        latest = Math.max(latest, clearsAt.getTime());
      }
    }
    if (latest === Number.NEGATIVE_INFINITY) return time;
    time = new Date(latest);
  }
  return null;
}

/** When one of those that are open closes; null if that is not known. */
function findNextClosing(all: readonly ApplicableRules[], now: Date): Date | null {
  let time = now;
  for (let step = 0; step < MAX_CHANGES; step += 1) {
    const next = all.reduce((earliest, rules) => Math.min(earliest, findChange(rules, time)), Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return null;
    time = new Date(next);
    if (all.some((rules) => findClosures(rules, time).length > 0)) return time;
  }
  return null;
}

/** The next time after `now` at which one of the rules begins or ends; infinite if none does. */
function findChange({ windows, freezes }: ApplicableRules, now: Date): number {
  const changes = windows.map((window) => evaluateWindow(window, now).until ?? Number.POSITIVE_INFINITY);
  for (const { freeze, ofApp } of freezes) {
    if (hasEnded(freeze, now)) continue;
    const times = ofApp.map(({ expiresAt }) => expiresAt.getTime());
    if (!hasBegun(freeze, now)) times.push(freeze.startsAt.getTime());
    changes.push(...times.filter((time) => time > now.getTime()));
  }
  return changes.reduce((earliest, change) => Math.min(earliest, change), Number.POSITIVE_INFINITY);
}
