import type { Quarantine } from "../../../entities/builds/quarantine.js";
import type { Remedy } from "../../../entities/core/enums.js";
import { groupBy } from "../../core/group-by.js";
import { createBlocker } from "../../gates/blocker.js";
import { defineGate, type Fact, InvalidFact, type Subject } from "../../gates/gate.js";
import { STAGES } from "../../pipelines/stages.js";
import { covers, findQuarantines } from "./in-force.js";

/** The quarantines in force of each subject's build. */
const quarantinesFact: Fact<readonly Quarantine[]> = {
  name: "quarantines",
  async load(reader, subjects) {
    const found = await findQuarantines(
      reader,
      subjects.map(({ build }) => build.id),
    );
    const byBuild = groupBy(found, ({ buildId }) => buildId);
    return subjects.map(({ build }) => byBuild.get(build.id) ?? []);
  },
};

/** Keeps a quarantined build out of the stage that it is quarantined from, and out of later ones. */
export const quarantineGate = defineGate({
  name: "quarantines",
  facts: { quarantines: quarantinesFact },
  evaluate(_now, subject, { quarantines }) {
    const { way, to, targets } = subject;
    const invalid = quarantines.find(({ fromStage }) => !STAGES.includes(fromStage));
    if (invalid !== undefined) throw new InvalidFact(`the stage of quarantine ${invalid.id} is invalid`);
    if (to === null) return [];
    const app = way === "PROMOTION" ? null : (targets[0]?.app ?? null);
    return quarantines
      .filter((one) => covers(one, to))
      .map((quarantine) =>
        createBlocker({
          code: "BUILD_QUARANTINED",
          message: `The build is quarantined from ${quarantine.fromStage} on: ${quarantine.reason}`,
          app,
          cause: quarantine,
          remedies: findRemedies(quarantine, subject),
        }),
      );
  },
});

/**
 * `force` bypasses only quarantines that existed when the promotion was forced. A later one, for example after the
 * first wave failed its verification, blocks a forced promotion too.
 */
function findRemedies({ id }: Quarantine, { promotion }: Subject): Remedy[] {
  const isForced = promotion?.forced === true;
  const isKnown = promotion?.forcedPast.some(({ causeId }) => causeId === id) === true;
  return isForced && !isKnown ? ["RELEASE_BUILD"] : ["RELEASE_BUILD", "FORCE"];
}
