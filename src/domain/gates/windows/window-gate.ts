import type { DeploymentWindow } from "../../../entities/gates/deployment-window.js";
import { type Closure, toBlockers } from "../blocker.js";
import type { ApplicableRules } from "../calendar/applicable-rules.js";
import { gateRulesFact } from "../calendar/rules.js";
import { defineGate } from "../gate.js";
import { type Evaluation, evaluateWindow } from "./activity.js";

/** Blocks while a DENY window in scope is active, or while none of the ALLOW windows in scope is. */
export const windowGate = defineGate({
  name: "deployment windows",
  holdsConfig: true,
  facts: { rules: gateRulesFact },
  evaluate: (now, { targets }, { rules }) =>
    targets.flatMap((target) => toBlockers(target.app, rules.findApplicable(target).compute(findClosed, now))),
});

/** The windows that block the apps with these rules. Pure, except that compiled schedules are cached. */
export function findClosed({ windows }: ApplicableRules, now: Date): Closure[] {
  const evaluated = windows.map((window) => ({ window, ...evaluateWindow(window, now) }));
  const closures = evaluated.flatMap((one) => {
    if (one.problem !== null) return [describeProblem(one)];
    return one.window.kind === "DENY" && one.active ? [describeClosed(one)] : [];
  });
  const allowing = evaluated.filter(({ window, problem }) => window.kind === "ALLOW" && problem === null);
  if (allowing.length === 0 || allowing.some(({ active }) => active)) return closures;
  const [next = allowing[0]] = allowing
    .filter(({ until }) => until !== null)
    .sort((a, b) => Number(a.until) - Number(b.until));
  return next === undefined ? closures : [...closures, describeClosed(next)];
}

interface Evaluated extends Evaluation {
  readonly window: DeploymentWindow;
}

/** @param one an active DENY window, or the ALLOW window that begins next */
function describeClosed({ window, until }: Evaluated): Closure {
  const time = until === null ? null : new Date(until);
  const end = window.message === null ? "." : `: ${window.message}`;
  let when: string | null = null;
  const toMessage = (name: string) => {
    when ??= describeTime(window, time);
    return window.kind === "DENY"
      ? `Window ${window.name} keeps ${name} closed ${when}${end}`
      : `${name} is closed outside of its deployment windows; ${when}${end}`;
  };
  return {
    code: "WINDOW_CLOSED",
    cause: window,
    clearsAt: time,
    remedies: time === null ? ["FORCE"] : ["WAIT", "FORCE"],
    toMessage,
  };
}

function describeTime({ kind, name }: DeploymentWindow, time: Date | null): string {
  if (kind === "DENY") return time === null ? "without an end" : `until ${time.toISOString()}`;
  return time === null ? "none of them begins again" : `${name} begins at ${time.toISOString()}`;
}

function describeProblem({ window, problem }: Evaluated): Closure {
  const toMessage = (name: string) =>
    `Window ${window.name} of ${name} could not be evaluated, so it blocks: ${problem}`;
  return { code: "GATE_FAILED", cause: window, clearsAt: null, remedies: ["FORCE"], toMessage };
}
