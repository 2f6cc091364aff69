import { effectiveStatuses } from "../../database/queries/effective-statuses.js";
import type { Reader } from "../../database/rows/reader.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { createBlocker } from "./blocker.js";
import { describeState, evaluateChecks } from "./checks.js";
import { defineGate, type Fact, type Subject } from "./gate.js";

/** The statuses that count: those of the promoted release, or those of the build if it is released straight onto an app. */
export const statusesFact: Fact<readonly ReleaseStatus[]> = {
  name: "statuses",
  async load(reader, subjects) {
    const promoted = subjects.flatMap(({ release }) => release ?? []);
    const unique = [...new Map(promoted.map((release) => [release.id, release])).values()];
    const ofReleases = unique.length === 0 ? [] : await effectiveStatuses(reader, unique);
    const byRelease = new Map(unique.map((release, index) => [release.id, ofReleases[index] ?? []]));
    const byBuild = await findByBuild(
      reader,
      subjects.filter(({ release }) => release === null),
    );
    return subjects.map(({ release, build }) =>
      release === null ? (byBuild.get(build.id) ?? []) : (byRelease.get(release.id) ?? []),
    );
  },
};

async function findByBuild(reader: Reader, subjects: readonly Subject[]): Promise<Map<string, ReleaseStatus[]>> {
  const byBuild = new Map<string, ReleaseStatus[]>();
  if (subjects.length === 0) return byBuild;
  const ids = [...new Set(subjects.map(({ build }) => build.id))];
  for (const status of await reader.find(ReleaseStatus, { buildId: ids, releaseId: null })) {
    const list = byBuild.get(status.buildId);
    if (list === undefined) byBuild.set(status.buildId, [status]);
    else list.push(status);
  }
  return byBuild;
}

/** Blocks until every required check of the target is SUCCESS. */
export const requiredChecksGate = defineGate({
  name: "required checks",
  facts: { statuses: statusesFact },
  evaluate(_now, { targets }, { statuses }) {
    return targets.flatMap(({ app, coupling }) =>
      evaluateChecks(coupling.requiredChecks, statuses)
        .filter((check) => !check.passed)
        .map(({ context, state }) => {
          const [code, said] = describeState(state);
          const message = `${app.name} requires ${context}, which ${said}.`;
          const cause = statuses.find((status) => status.context === context) ?? null;
          return createBlocker({ code, message, app, context, cause, remedies: ["REPORT_STATUS", "FORCE"] });
        }),
    );
  },
});
