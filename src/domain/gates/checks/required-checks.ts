import { effectiveStatuses } from "../../../database/queries/effective-statuses.js";
import type { Reader } from "../../../database/rows/reader.js";
import { ReleaseStatus } from "../../../entities/releases/release-status.js";
import { createBlocker } from "../blocker.js";
import { defineGate, type Fact } from "../gate.js";
import { describeState, evaluateChecks } from "./checks.js";

/** The statuses that count: those of the promoted release or, for a direct release, those of the build. */
export const statusesFact: Fact<readonly ReleaseStatus[]> = {
  name: "statuses",
  async load(reader, subjects) {
    const promoted = subjects.flatMap(({ release }) => release ?? []);
    const unique = [...new Map(promoted.map((release) => [release.id, release])).values()];
    const ofReleases = unique.length === 0 ? [] : await effectiveStatuses(reader, unique);
    const byRelease = new Map(unique.map((release, index) => [release.id, ofReleases[index] ?? []]));
    const released = subjects.filter(({ release }) => release === null);
    const byBuild = await findBuildStatuses(
      reader,
      released.map(({ build }) => build.id),
    );
    return subjects.map(({ release, build }) =>
      release === null ? (byBuild.get(build.id) ?? []) : (byRelease.get(release.id) ?? []),
    );
  },
};

/** The statuses of each build, by its id. One statement for all builds. */
export async function findBuildStatuses(
  reader: Reader,
  buildIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ReleaseStatus[]>> {
  const byBuild = new Map<string, ReleaseStatus[]>(buildIds.map((id) => [id, []]));
  if (byBuild.size === 0) return byBuild;
  for (const status of await reader.find(ReleaseStatus, { buildId: [...byBuild.keys()], releaseId: null })) {
    byBuild.get(status.buildId)?.push(status);
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
