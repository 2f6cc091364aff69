import type { Tx } from "../../../database/rows/tx.js";
import { Build } from "../../../entities/builds/build.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import type { Release } from "../../../entities/releases/release.js";
import type { EventDraft, VerificationProblem } from "../../../events/draft.js";
import { asSystem, SYSTEM_VIEWER, type TxCtx } from "../../core/context.js";
import { requireReleasedApp } from "../../releases/release-app.js";
import { quarantine } from "./quarantines.js";

/**
 * Quarantines the build of a release whose verification failed, from the stage of its app on, as the service. Skips the
 * build of a rollback: it ran there before, so it is probably not the cause.
 *
 * @returns the events, by the service
 */
export async function quarantineFailed(
  tx: Tx,
  ctx: TxCtx,
  release: Release,
  { problem }: VerificationProblem,
): Promise<EventDraft[]> {
  const coupling = await tx.first(Coupling, { appId: release.appId });
  if (release.trigger === "ROLLBACK" || coupling === null) return [];
  const build = await tx.first(Build, { id: release.buildId }, { lock: "change" });
  if (build === null) throw new Error(`Release ${release.id} has lost its build.`);
  const { name } = await requireReleasedApp(tx, release);
  const reason = `The verification of v${release.version} of ${name} failed: ${problem}`;
  const events = await quarantine(tx, asSystem(ctx), build, coupling.stage, reason);
  return events.map((event) => ({ ...event, actor: SYSTEM_VIEWER }));
}
