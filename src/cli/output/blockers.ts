import type { Blocker } from "../api/model.js";

/** One line for each blocker: the problem, the remedy, and whether it can be overridden. */
export function explainBlockers(blockers: readonly Blocker[]): string[] {
  return blockers.map((blocker) => {
    const forced = blocker.overridable ? "; an administrator can override it with --force --reason TEXT" : "";
    return `✗ ${blocker.message} ${remedy(blocker)}${forced}.`;
  });
}

function remedy({ code, context }: Blocker): string {
  const check = context ?? "the check";
  switch (code) {
    case "NO_RELEASE":
      return "Create a release on the source app: `railyard releases:create -a APP --build ID`";
    case "RELEASE_NOT_SUCCEEDED":
      return "Wait until the release succeeds, or choose another with -r";
    case "NO_NEXT_STAGE":
      return "This is the last stage";
    case "NO_TARGETS":
      return "Add an app to the stage: `railyard pipelines:add PIPELINE -a APP -s STAGE`";
    case "CHECK_MISSING":
      return `Report success for ${check}: \`railyard releases:status RELEASE -c "${check}" -s success\``;
    case "CHECK_PENDING":
      return `Wait until ${check} succeeds`;
    case "CHECK_FAILED":
      return `Run ${check} again, or promote a build that passes it`;
  }
}
