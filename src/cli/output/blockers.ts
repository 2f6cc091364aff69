import type { Blocker } from "../api/model.js";

/** A line for each reason: what holds, what it needs, and whether it can be forced. */
export function explainBlockers(blockers: readonly Blocker[]): string[] {
  return blockers.map((blocker) => {
    const forced = blocker.overridable ? "; an administrator may pass it with --force --reason TEXT" : "";
    return `✗ ${blocker.message} ${needed(blocker)}${forced}.`;
  });
}

function needed({ code, context }: Blocker): string {
  const check = context ?? "the check";
  switch (code) {
    case "NO_RELEASE":
      return "Needs a release on the source: `railyard releases:create -a APP --build ID`";
    case "RELEASE_NOT_SUCCEEDED":
      return "Needs a release that succeeded: wait for it, or name another with -r";
    case "NO_NEXT_STAGE":
      return "Needs nothing more: it has arrived";
    case "NO_TARGETS":
      return "Needs an app there: `railyard pipelines:add PIPELINE -a APP -s STAGE`";
    case "CHECK_MISSING":
      return `Needs ${check} to be reported as success: \`railyard releases:status RELEASE -c "${check}" -s success\``;
    case "CHECK_PENDING":
      return `Needs ${check} to end with success`;
    case "CHECK_FAILED":
      return `Needs ${check} to pass: report success after a new run, or promote a build that passes`;
  }
}
