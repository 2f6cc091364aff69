import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { HeldDeploy } from "../../entities/builds/held-deploy.js";
import { findNewestBuild, toOrdered } from "./build-order.js";
import type { Decision } from "./decisions.js";

/*
 * Automatic deploys that wait only for windows and freezes. The transaction that finds them closed writes the row, so a
 * restart loses nothing. When one may have opened, `retry-held-deploys.ts` decides again.
 */

/** Records, for each app, the newest build that waits only for gates. */
export async function holdDeploys(tx: Tx, decisions: readonly Decision[]): Promise<void> {
  for (const { candidate, held } of decisions) {
    if (held === null) continue;
    const { build, coupling, by, isNewHead = false } = candidate;
    const { appId } = coupling;
    const before = await tx.first(HeldDeploy, { appId });
    if (before !== null && by !== "HEAD" && !(await isNewest(tx, build, before))) continue;
    const row = { buildId: build.id, isNewHead, retryAt: held.retryAt };
    if (before === null) await tx.insert(HeldDeploy, [Object.assign(new HeldDeploy(), { appId }, row)]);
    else await tx.update(HeldDeploy, { appId }, row);
  }
}

async function isNewest(reader: Reader, build: Build, { buildId }: HeldDeploy): Promise<boolean> {
  const other = buildId === build.id ? null : await reader.first(Build, { id: buildId });
  return other === null || findNewestBuild(await toOrdered(reader, [other, build]))?.id === build.id;
}
