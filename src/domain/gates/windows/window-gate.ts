import type { Blocker } from "../../../entities/releases/plan.js";
import { createBlocker } from "../blocker.js";
import { defineGate, type Target } from "../gate.js";
import { gateRulesFact, type ScopedWindow } from "../gate-rules.js";
import { matchesScope, placeOf } from "../scopes.js";
import { type Evaluation, evaluateWindow } from "./activity.js";

/** Blocks while a DENY window in scope is active, or while none of the ALLOW windows in scope is. */
export const windowGate = defineGate({
  name: "deployment windows",
  holdsConfig: true,
  facts: { rules: gateRulesFact },
  evaluate: (now, { targets }, { rules }) => targets.flatMap((target) => findClosed(now, target, rules.windows)),
});

/** The windows that hold a target back. Pure, apart from what is remembered of compiled schedules. */
export function findClosed(now: Date, target: Target, windows: readonly ScopedWindow[]): Blocker[] {
  const inScope = windows
    .filter(({ scope }) => matchesScope(scope, placeOf(target)))
    .map(({ window }) => ({ window, ...evaluateWindow(window, now) }));
  const blockers = inScope.flatMap((one) => {
    if (one.problem !== null) return [describeProblem(target, one)];
    return one.window.kind === "DENY" && one.active ? [describeClosed(target, one)] : [];
  });
  const allowing = inScope.filter(({ window, problem }) => window.kind === "ALLOW" && problem === null);
  if (allowing.length === 0 || allowing.some(({ active }) => active)) return blockers;
  const [next = allowing[0]] = allowing
    .filter(({ until }) => until !== null)
    .sort((a, b) => Number(a.until) - Number(b.until));
  return next === undefined ? blockers : [...blockers, describeClosed(target, next)];
}

type Evaluated = Pick<ScopedWindow, "window"> & Evaluation;

/** @param one an active DENY window, or the ALLOW window that begins next */
function describeClosed({ app }: Target, { window, until }: Evaluated): Blocker {
  const time = until === null ? null : new Date(until);
  const rule =
    window.kind === "DENY"
      ? `Window ${window.name} keeps ${app.name} closed ${time === null ? "without an end" : `until ${time.toISOString()}`}`
      : `${app.name} is closed outside of its deployment windows; ${time === null ? "none of them begins again" : `${window.name} begins at ${time.toISOString()}`}`;
  return createBlocker({
    code: "WINDOW_CLOSED",
    message: window.message === null ? `${rule}.` : `${rule}: ${window.message}`,
    app,
    cause: window,
    clearsAt: time,
    remedies: time === null ? ["FORCE"] : ["WAIT", "FORCE"],
  });
}

function describeProblem({ app }: Target, { window, problem }: Evaluated): Blocker {
  const message = `Window ${window.name} of ${app.name} could not be evaluated, so it blocks: ${problem}`;
  return createBlocker({ code: "GATE_FAILED", message, app, cause: window, remedies: ["FORCE"] });
}
