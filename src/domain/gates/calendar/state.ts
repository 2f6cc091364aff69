import type { Reader } from "../../../database/rows/reader.js";
import type { RowBudget } from "../../../database/rows/row-budget.js";
import { GateState } from "../../../entities/gates/gate-state.js";
import { type Closure, toBlockers } from "../blocker.js";
import { findFrozen, hasBegun, hasEnded } from "../freezes/freeze-gate.js";
import type { Target } from "../gate.js";
import { evaluateWindow } from "../windows/activity.js";
import { findClosed } from "../windows/window-gate.js";
import type { ApplicableRules, GateRules } from "./applicable-rules.js";
import { loadGateRules } from "./rules.js";

/*
 * Whether windows and freezes allow deployments, computed by the functions of their gates. Ignores exemptions of
 * builds: a place is closed even if one build may pass.
 */

/** How many changes are evaluated to find when a place opens or closes. */
const MAX_CHANGES = 100;

/** The work of evaluating the rules of an app, and one rule at another time, in fields; see `FIELD_US`. */
const TARGET_WORK = 5;
const RULE_WORK = 0.1;

/** The windows and freezes, the time by which they are evaluated, and the budget of the operation; null without one. */
export class RulesNow {
  readonly rules: GateRules;
  readonly now: Date;
  readonly budget: RowBudget | null;

  readonly #numbers = new Map<ApplicableRules, number>();
  /** By the function that finds the time and the rules that it reads. */
  readonly #times = new Map<typeof findNextOpening, Map<string, Date | null>>();

  constructor(rules: GateRules, now: Date, budget: RowBudget | null) {
    this.rules = rules;
    this.now = now;
    this.budget = budget;
  }

  /** Computes a time once for all places with the same rules. */
  findTime(find: typeof findNextOpening, all: readonly ApplicableRules[]): Date | null {
    const numbers = all.map((one) => {
      const number = this.#numbers.get(one) ?? this.#numbers.size;
      this.#numbers.set(one, number);
      return number;
    });
    const times = this.#times.get(find) ?? new Map<string, Date | null>();
    this.#times.set(find, times);
    const key = numbers.sort((a, b) => a - b).join(" ");
    const known = times.get(key);
    if (known !== undefined) return known;
    const time = find(all, this.now, this.budget);
    times.set(key, time);
    return time;
  }
}

/** Loads the windows and freezes once for an operation, however many gates it shows. */
export async function loadRulesNow(reader: Reader, keys: readonly "all"[], now: Date): Promise<RulesNow[]> {
  const rulesNow = new RulesNow(await loadGateRules(reader), now, reader.budget);
  return keys.map(() => rulesNow);
}

/** The state of a gate in a result that is dropped. */
const NOT_EVALUATED: GateState = Object.assign(new GateState(), {
  open: false,
  findBlockers: () => [],
  findNextOpening: () => null,
  findNextClosing: () => null,
});

/** Whether there is any window or freeze. */
export function hasRules({ rules }: RulesNow): boolean {
  return rules.count > 0;
}

/** The state of a place with these apps. It is open if every app is open. */
export function evaluateState(rulesNow: RulesNow, targets: readonly Target[]): GateState {
  const { rules, now, budget } = rulesNow;
  if (budget?.stopped === true) return NOT_EVALUATED;
  budget?.addWork(targets.length * TARGET_WORK);
  const applicable = targets.map((target) => rules.findApplicable(target));
  const different = [...new Set(applicable)];
  const open = different.every((one) => isOpen(one, now));
  return Object.assign(new GateState(), {
    open,
    findBlockers: () =>
      open ? [] : targets.flatMap(({ app }, index) => toBlockers(app, toClosures(applicable[index], now))),
    findNextOpening: () => {
      return open || budget?.stopped === true ? null : rulesNow.findTime(findNextOpening, different);
    },
    findNextClosing: () => {
      return !open || budget?.stopped === true ? null : rulesNow.findTime(findNextClosing, different);
    },
  });
}

function toClosures(rules: ApplicableRules | undefined, now: Date): readonly Closure[] {
  return rules?.compute(findClosures, now) ?? [];
}

function isOpen(rules: ApplicableRules, now: Date): boolean {
  return rules.compute(findClosures, now).length === 0;
}

function findClosures(rules: ApplicableRules, now: Date): readonly Closure[] {
  return [...findFrozen(rules, now, null), ...findClosed(rules, now)];
}

/** When all are open at once; null if not known. Each step moves to the end of the last closure at that time. */
function findNextOpening(all: readonly ApplicableRules[], now: Date, budget: RowBudget | null): Date | null {
  let time = now;
  for (let step = 0; step < MAX_CHANGES; step += 1) {
    budget?.addWork(countRules(all) * RULE_WORK);
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

/** When the first of them closes; null if not known. All of them are open at `now`. */
function findNextClosing(all: readonly ApplicableRules[], now: Date, budget: RowBudget | null): Date | null {
  let time = now;
  for (let step = 0; step < MAX_CHANGES; step += 1) {
    budget?.addWork(countRules(all) * 2 * RULE_WORK);
    const next = all.reduce((earliest, rules) => Math.min(earliest, findChange(rules, time)), Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return null;
    time = new Date(next);
    if (all.some((rules) => findClosures(rules, time).length > 0)) return time;
  }
  return null;
}

function countRules(all: readonly ApplicableRules[]): number {
  return all.reduce((sum, { windows, freezes }) => sum + windows.length + freezes.length, 0);
}

/** The next time after `now` at which a rule may begin or end, in milliseconds; infinite if none does. */
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
