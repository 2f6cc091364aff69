import type { Tx } from "../../database/rows/tx.js";
import type { ReleasePhase } from "../../entities/core/enums.js";
import { Release } from "../../entities/releases/release.js";
import type { EventDraft } from "../../events/draft.js";
import type { TxCtx } from "../core/context.js";
import { evaluateVerification } from "../rollouts/verification/outcome.js";
import { type PhaseDetails, setPhase } from "./phase-change.js";
import { isFinal } from "./phases.js";

/*
 * The phases of a release: QUEUED → DEPLOYING → SUCCEEDED or FAILED, or QUEUED → SUPERSEDED. If its app is deleted, a
 * QUEUED release also becomes FAILED. A release that FAILED because of a timeout may still become SUCCEEDED.
 * `prepareReleases` in `new-releases.ts` creates every release, and `updatePhase` changes every phase except for
 * SUPERSEDED. Both return the events for the caller to append.
 */

/**
 * Changes the phase of a release, and applies the effects: its promotion may finish, the queued release starts to
 * deploy, and its verification begins.
 */
export async function updatePhase(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  phase: ReleasePhase,
  details: PhaseDetails = {},
): Promise<EventDraft[]> {
  const wasDeploying = release.phase === "DEPLOYING";
  const events = await setPhase(tx, ctx, release, phase, details);
  if (wasDeploying && isFinal(phase)) {
    const next = await tx.first(Release, { appId: release.appId, phase: "QUEUED" });
    if (next !== null) events.push(...(await updatePhase(tx, ctx, next, "DEPLOYING")));
  }
  // Statuses may have been reported during the deployment.
  if (release.verificationState === "VERIFYING") events.push(...(await evaluateVerification(tx, ctx, release)));
  return events;
}
