import type { Cast } from "./cast.js";
import type { Narrator } from "./narrator.js";
import { MERGE } from "./props.js";
import { Refused } from "./railyard.js";
import type { Coupling, Release } from "./selections.js";
import { checksLines, infoLines, promotionLines, refusalLines, statusLines } from "./views.js";

/** The second half of the story: what production requires of a release before it is let in. */
export async function playChecks(cast: Cast, tell: Narrator): Promise<void> {
  const gated = await requireChecks(cast, tell);
  const release = await refuseUntilReported(cast, tell);
  await passWithSuccess(cast, tell, release);
  await removeWithElevatedAccess(cast, tell, gated);
}

async function requireChecks({ operator }: Cast, tell: Narrator): Promise<Coupling> {
  tell.chapter("Required status checks", "A stage can require checks that other systems report on a release.");
  await operator.createPipeline("myapp-checked");
  const quietly = operator.silently();
  const requiredChecks = ["my-status-check", "my-other-check"];
  const appa = await quietly.add("myapp-checked", "appa-default", "STAGING");
  const appb = await quietly.add("myapp-checked", "appb-default", "STAGING");
  const appc = await operator.add("myapp-checked", "appc-default", "PRODUCTION", { requiredChecks });
  tell.shows(
    infoLines(await operator.pipeline("myapp-checked")),
    `
      ᱿ staging
        Id: ${appa.id}
        App: appa-default (${appa.app.id})
        Status Checks:
      ᱿ staging
        Id: ${appb.id}
        App: appb-default (${appb.app.id})
        Status Checks:
      ᱿ production
        Id: ${appc.id}
        App: appc-default (${appc.app.id})
        Status Checks: my-other-check, my-status-check`,
  );
  return appc;
}

async function refuseUntilReported({ operator, reporter }: Cast, tell: Narrator): Promise<Release> {
  tell.chapter("No promotion without them", "A refusal lists every reason and writes nothing.");
  const quietly = operator.silently();
  const release = await quietly.release("appa-default", await quietly.createBuild(MERGE));
  const promotion = { app: "appa-default" };
  tell.shows(
    await refused(operator.promote(promotion)),
    `
      ✗ PROMOTION_BLOCKED
        ⬢ appc-default my-other-check CHECK_MISSING: appc-default requires my-other-check, which was never reported.
        ⬢ appc-default my-status-check CHECK_MISSING: appc-default requires my-status-check, which was never reported.`,
  );
  tell.shows(
    statusLines(await reporter.report(release, "my-status-check", "PENDING")),
    "my-status-check: pending, says reporter",
  );
  tell.shows(
    statusLines(await reporter.report(release, "my-other-check", "FAILURE")),
    "my-other-check: failure, says reporter",
  );
  tell.shows(
    await refused(operator.promote(promotion)),
    `
      ✗ PROMOTION_BLOCKED
        ⬢ appc-default my-other-check CHECK_FAILED: appc-default requires my-other-check, which reported a failure.
        ⬢ appc-default my-status-check CHECK_PENDING: appc-default requires my-status-check, which is still pending.`,
  );
  const { promotable, blockers } = await operator.plan(promotion);
  tell.holds(
    "The plan gives the same reasons",
    { promotable, codes: blockers.map((blocker) => blocker.code) },
    { promotable: false, codes: ["CHECK_FAILED", "CHECK_PENDING"] },
  );
  tell.holds("Nothing was released on appc-default", (await quietly.app("appc-default")).releases.totalCount, 0);
  return release;
}

async function passWithSuccess({ operator, reporter }: Cast, tell: Narrator, release: Release): Promise<void> {
  tell.chapter(
    "With every check passed, the promotion starts",
    "The promotion records the checks that it was evaluated with.",
  );
  tell.shows(
    statusLines(await reporter.report(release, "my-status-check", "SUCCESS")),
    "my-status-check: success, says reporter",
  );
  tell.shows(
    statusLines(await reporter.report(release, "my-other-check", "SUCCESS")),
    "my-other-check: success, says reporter",
  );
  const promotion = await operator.promote({ app: "appa-default" });
  tell.shows(
    promotionLines(promotion),
    `
      Promoting app ⬢ appa-default ... ✓
      = myapp-checked pipeline (staging -> production)
      Promoted: ⬢ appa-default (Release: ${release.id})
      To: ⬢ appc-default`,
  );
  tell.holds("It records the checks that it was evaluated with", promotion.targets[0]?.checks, [
    { context: "my-other-check", state: "SUCCESS", passed: true },
    { context: "my-status-check", state: "SUCCESS", passed: true },
  ]);
  tell.shows(
    checksLines(await operator.pipeline("myapp-checked")),
    `
      • my-other-check
      • my-status-check`,
  );
}

async function removeWithElevatedAccess({ operator, admin }: Cast, tell: Narrator, gated: Coupling): Promise<void> {
  tell.chapter("Removing checks needs elevated access", "Adding a check does not.");
  const more = [...gated.requiredChecks, "my/status-check"];
  const updated = await operator.updateChecks(gated, more);
  tell.holds("An operator may add a check", updated.requiredChecks, more);
  tell.shows(
    await refused(operator.updateChecks(gated, [])),
    "✗ FORBIDDEN: removeChecks requires the ADMIN role; this token has OPERATOR.",
  );
  const kept = (await operator.silently().pipeline("myapp-checked")).stages
    .flatMap(({ couplings }) => couplings)
    .at(-1);
  tell.holds("The checks are unchanged", kept?.requiredChecks, more);
  const freed = await admin.updateChecks(gated, []);
  tell.holds("An administrator has removed them all", freed.requiredChecks, []);

  const quietly = operator.silently();
  const unchecked = await quietly.release("appa-default", await quietly.createBuild(MERGE));
  tell.shows(
    promotionLines(await operator.promote({ app: "appa-default" })),
    `
      Promoting app ⬢ appa-default ... ✓
      = myapp-checked pipeline (staging -> production)
      Promoted: ⬢ appa-default (Release: ${unchecked.id})
      To: ⬢ appc-default`,
  );
}

/** What was said when something was refused, as it must be. */
export async function refused(attempt: Promise<unknown>): Promise<string[]> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof Refused) return refusalLines(error);
    throw error;
  }
  return ["(it was not refused)"];
}
