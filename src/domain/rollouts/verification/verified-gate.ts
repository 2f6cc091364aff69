import { Release } from "../../../entities/releases/release.js";
import { createBlocker } from "../../gates/blocker.js";
import { defineGate, type Fact } from "../../gates/gate.js";
import { findInPreviousStage, isGated } from "../../gates/policies/previous-stage.js";
import { policyFact } from "../../gates/policies/stage-policy-fact.js";

/** The releases of which one must be verified. Loaded only for subjects whose policy requires it. */
const releasesFact: Fact<readonly Release[]> = {
  name: "verified releases",
  async load(reader, subjects, _now, other) {
    const policies = await other(policyFact);
    const governed = subjects.filter((subject, index) => policies[index]?.requireVerified === true && isGated(subject));
    const previous = await findInPreviousStage(reader, governed);
    const ids = [...new Set([...previous.values()].flat())];
    const found = ids.length === 0 ? [] : await reader.find(Release, { id: ids });
    return subjects.map((subject) => {
      if (subject.release !== null) return [subject.release];
      const mine = previous.get(subject) ?? [];
      return found.filter(({ id }) => mine.includes(id));
    });
  },
};

/**
 * Blocks until the release has been verified on the source app, where the policy of the stage requires it, and again if
 * its verification fails later. The build of a direct release must have been verified on an app of the previous stage.
 */
export const verifiedGate = defineGate({
  name: "verification",
  facts: { policy: policyFact, releases: releasesFact },
  evaluate(_now, subject, { policy, releases }) {
    if (!policy.requireVerified || !isGated(subject)) return [];
    if (releases.some(({ verifiedAt }) => verifiedAt !== null)) return [];
    const state = releases.find(({ verificationState }) => verificationState !== null) ?? null;
    const deploys = releases.some(({ phase }) => phase === "QUEUED" || phase === "DEPLOYING");
    const what = subject.release === null ? "This build" : `v${subject.release.version}`;
    const where = subject.release === null ? "on an app of the stage before" : "on the source app";
    const app = subject.way === "PROMOTION" ? null : (subject.targets[0]?.app ?? null);
    return [
      createBlocker({
        code: "NOT_VERIFIED",
        message: `${what} must have been verified ${where} before it goes to ${subject.to}; ${explain(state, deploys)}.`,
        app,
        remedies: [
          ...(state === null ? [] : (["REPORT_STATUS"] as const)),
          ...(state === null && (deploys || subject.release === null) ? (["DEPLOY"] as const) : []),
          "FORCE",
        ],
      }),
    ];
  },
});

function explain(release: Release | null, deploys: boolean): string {
  if (release === null) return deploys ? "it is being deployed" : "nothing verifies it";
  if (release.verificationState === "FAILED")
    return `its verification failed: ${release.verificationProblem?.replace(/\.$/, "")}`;
  return `it is being verified by ${release.verification?.checks.join(", ") ?? "nothing"}`;
}
