import type { Reader } from "../../database/rows/reader.js";
import type { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Release } from "../../entities/releases/release.js";
import { conflict } from "../core/refusal.js";
import { findQuarantined } from "../rollouts/quarantine/in-force.js";

/**
 * The release to roll back to if none is named: the latest SUCCEEDED release whose build
 * - is not the current build of the app,
 * - was not rolled back from, unless it was released again since, and
 * - is not quarantined in the app's stage.
 *
 * So a rollback after a rollback goes further back, and never to a bad build.
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
  const others = releases.filter(({ phase, buildId }) => phase === "SUCCEEDED" && buildId !== current);
  const coupling = await reader.first(Coupling, { appId: app.id });
  const buildIds = others.map(({ buildId }) => buildId);
  const quarantined = coupling === null ? NONE : await findQuarantined(reader, buildIds, coupling.stage);
  const target = others.findLast(({ buildId }) => !abandoned.has(buildId) && !quarantined.has(buildId));
  if (target !== undefined) return target;
  if (others.length === 0) throw conflict(`${app.name} has no earlier build that SUCCEEDED to roll back to.`);
  const why = quarantined.size === 0 ? "was rolled back from" : "was rolled back from or is quarantined";
  throw conflict(
    `${app.name} has no further build to roll back to: every other build that SUCCEEDED ${why}. Name a release to roll back to.`,
  );
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Computes the current build of an app, and the builds that were rolled back from.
 *
 * A failed deployment may already have replaced the build before it, so its build counts as the current one. The build
 * of a failed rollback does not, so the rollback can be tried again.
 *
 * @param releases the deployed releases, oldest first
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
