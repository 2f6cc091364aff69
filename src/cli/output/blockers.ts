import type { BlockerFragment } from "../api/generated.js";
import { lower, shellQuote } from "./format.js";

/** Maximum number of app names in one line. */
const MAX_NAMES = 5;

/** What is known about a blocked promotion or release; completes the suggested commands. */
export interface BlockerHints {
  readonly release?: string | undefined;
  readonly build?: string | undefined;
  readonly pipeline?: string | undefined;
  readonly source?: string | undefined;
  readonly nextStage?: string | undefined;
  /** The command that overrides the gates. */
  readonly override?: string | undefined;
}

/**
 * Explains blockers, one line for each problem and one for each suggested command. Merges blockers that differ by app.
 */
export function explainBlockers(blockers: readonly BlockerFragment[], hints: BlockerHints = {}): string[] {
  const lines = [...groupByProblem(blockers).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { advice, command } = remedy(first, hints);
    return [`✗ ${describe(first, group)}${advice === null ? "" : ` ${advice}`}`, ...(command ? [`  ${command}`] : [])];
  });
  if (hints.override !== undefined && blockers.every(({ overridable }) => overridable)) {
    lines.push("An administrator can override this:", `  ${hints.override}`);
  }
  return lines;
}

function groupByProblem(blockers: readonly BlockerFragment[]): Map<string, BlockerFragment[]> {
  const groups = new Map<string, BlockerFragment[]>();
  for (const blocker of blockers) {
    const key = JSON.stringify([blocker.code, blocker.context, problem(blocker) ?? blocker.message]);
    groups.set(key, [...(groups.get(key) ?? []), blocker]);
  }
  return groups;
}

/** The message without its subject: `requires ci/build, …`; null if the message is not about an app. */
function problem({ app, message }: BlockerFragment): string | null {
  const subject = app === null ? null : `${app.name} requires `;
  return subject !== null && message.startsWith(subject) ? message.slice(subject.length) : null;
}

function describe(first: BlockerFragment, group: readonly BlockerFragment[]): string {
  const text = problem(first);
  if (group.length === 1 || text === null) return first.message;
  const names = group.map(({ app }) => app?.name ?? "");
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  return `${group.length} apps require ${text.replace(/\.$/, "")}: ${names.slice(0, MAX_NAMES).join(", ")}${more}.`;
}

function remedy(
  { code, context, app }: BlockerFragment,
  hints: BlockerHints,
): { advice: string | null; command: string | null } {
  const check = context ?? "the check";
  switch (code) {
    case "NO_RELEASE":
      return { advice: null, command: `railyard releases:create -a ${hints.source ?? "APP"} --build BUILD` };
    case "RELEASE_NOT_SUCCEEDED":
      return { advice: "Wait until the release succeeds, or choose another with -r.", command: null };
    case "NO_TARGETS":
      return {
        advice: null,
        command: `railyard pipelines:add ${hints.pipeline ?? "PIPELINE"} -a APP -s ${hints.nextStage === undefined ? "STAGE" : lower(hints.nextStage)}`,
      };
    case "CHECK_MISSING": {
      const subject =
        hints.build === undefined ? `releases:status ${hints.release ?? "RELEASE"}` : `builds:status ${hints.build}`;
      return { advice: null, command: `railyard ${subject} -c ${shellQuote(check)} -s success` };
    }
    case "CHECK_PENDING":
      return { advice: `Wait until ${check} succeeds.`, command: null };
    case "CHECK_FAILED":
      return { advice: `Run ${check} again, or use a build that passes it.`, command: null };
    case "FROZEN":
      return { advice: null, command: "railyard freezes" };
    case "WINDOW_CLOSED":
      return { advice: null, command: "railyard windows" };
    case "BUILD_QUARANTINED":
      return {
        advice: "An administrator can release it.",
        command: `railyard builds:release ${hints.build ?? "BUILD"} --reason REASON`,
      };
    case "CONFIG_MISSING":
      return { advice: null, command: `railyard config:set KEY -a ${app?.name ?? "APP"}` };
    default:
      return { advice: null, command: null };
  }
}
