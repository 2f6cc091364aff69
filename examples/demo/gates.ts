import type { Cast } from "./cast.js";
import { refused } from "./checks.js";
import type { Narrator } from "./narrator.js";
import { MERGE } from "./props.js";
import { promotionLines, waitingLines } from "./views.js";

const APP = "myapp-gated-prod";

/** What people and the calendar decide: approvals and a freeze, and a promotion that goes when both let it. */
export async function playGates(cast: Cast, tell: Narrator): Promise<void> {
  await requireApprovals(cast, tell);
  await promoteWhenReady(cast, tell);
}

async function requireApprovals({ operator }: Cast, tell: Narrator): Promise<void> {
  tell.chapter("Approvals", "A stage can require approvals by other people.");
  await operator.createPipeline("myapp-gated");
  const quietly = operator.silently();
  await quietly.add("myapp-gated", "myapp-gated-staging", "STAGING");
  await quietly.add("myapp-gated", APP, "PRODUCTION");
  await quietly.release("myapp-gated-staging", await quietly.createBuild(MERGE));
  const rule = await operator.requireApprovals("myapp-gated", "PRODUCTION", "release managers", "release-managers");
  tell.holds("One release manager must approve, and the approval counts for three days", rule, {
    name: "release managers",
    required: 1,
    allowSelfApproval: false,
    validFor: "3d",
  });
  tell.shows(
    await refused(operator.promote({ app: "myapp-gated-staging" })),
    `
      ✗ PROMOTION_BLOCKED
        ⬢ ${APP} APPROVAL_REQUIRED: ${APP} requires 1 approval under release managers; 0 count.`,
  );
}

async function promoteWhenReady({ operator, manager }: Cast, tell: Narrator): Promise<void> {
  tell.chapter("Promote when ready", "Ask once: the promotion starts as soon as nothing blocks it.");
  const freeze = await operator.startFreeze("myapp-gated", "Incident 7");
  const waiting = await operator.promoteWhenReady("myapp-gated-staging");
  tell.shows(
    waitingLines(waiting),
    `
      Promoting app ⬢ myapp-gated-staging ... waiting
        ⬢ ${APP} FROZEN: ${APP} is frozen until <time>: Incident 7
          Cleared by: WAIT, LIFT_FREEZE, FORCE
        ⬢ ${APP} APPROVAL_REQUIRED: ${APP} requires 1 approval under release managers; 0 count.
          Cleared by: APPROVE, FORCE`,
  );
  tell.shows(
    await refused(operator.approve(waiting.id)),
    "✗ FORBIDDEN: The approvers of release managers are: group release-managers.",
  );
  tell.shows(
    waitingLines(await manager.approve(waiting.id)),
    `
      Promoting app ⬢ myapp-gated-staging ... waiting
        ⬢ ${APP} FROZEN: ${APP} is frozen until <time>: Incident 7
          Cleared by: WAIT, LIFT_FREEZE, FORCE`,
  );
  tell.holds("Nothing was released during the freeze", (await operator.silently().app(APP)).releases.totalCount, 0);
  await operator.liftFreeze(freeze, "Fixed");
  const promotion = await operator.promotion(waiting.id);
  tell.shows(
    promotionLines(promotion),
    `
      Promoting app ⬢ myapp-gated-staging ... ✓
      = myapp-gated pipeline (staging -> production)
      Promoted: ⬢ myapp-gated-staging (Release: <id>)
      To: ⬢ ${APP}`,
  );
  const by = promotion.targets[0]?.release.createdBy.name;
  tell.holds("It started when the freeze ended, as the operator's promotion", by, "operator");
}
