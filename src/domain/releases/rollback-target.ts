import type { Reader } from "../../database/rows/reader.js";
import type { App } from "../../entities/pipelines/app.js";
import { Release } from "../../entities/releases/release.js";
import { conflict } from "../core/refusal.js";

/**
 * The release to roll back to if none is named: the last release of the newest build that succeeded on the app, that is
 * not the build on the app, and that was not rolled back from since it was last released on purpose. So a rollback after
 * a rollback goes further back, and never to a build that was found bad.
 *
 * @throws Refusal CONFLICT if there is none
 */
export async function findRollbackTarget(reader: Reader, app: App): Promise<Release> {
  const releases = await reader.find(
    Release,
    { appId: app.id, phase: ["SUCCEEDED", "FAILED", "DEPLOYING"] },
    { order: "version" },
  );
  const { current, abandoned } = replay(releases);
  const target = releases.findLast(
    ({ phase, buildId }) => phase === "SUCCEEDED" && buildId !== current && !abandoned.has(buildId),
  );
  if (target !== undefined) return target;
  throw conflict(
    abandoned.size === 0
      ? `${app.name} has no earlier build that SUCCEEDED to roll back to.`
      : `${app.name} has no further build to roll back to: every other build that SUCCEEDED was rolled back from. Name a release to roll back to.`,
  );
}

/**
 * Which build is on the app, and which builds were rolled back from.
 *
 * A deployment that failed half way has already replaced what ran before it, so its build counts as the one on the app.
 * A rollback that failed does not: it can be tried again.
 *
 * @param releases those that were deployed, oldest first
 */
function replay(releases: readonly Release[]): { current: string | null; abandoned: ReadonlySet<string> } {
  const abandoned = new Set<string>();
  let current: string | null = null;
  for (const { trigger, phase, buildId } of releases) {
    const isRollback = trigger === "ROLLBACK";
    if (isRollback && phase === "FAILED") continue;
    if (isRollback && current !== null && current !== buildId) abandoned.add(current);
    abandoned.delete(buildId);
    current = buildId;
  }
  return { current, abandoned };
}
