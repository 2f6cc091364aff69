import { describeBlockers, isAboutCheck } from "./blockers";
import type { StagePlan } from "./use-plans";

/** Why nothing can be promoted to an app now, besides checks. */
export interface Lock {
  readonly reason: string;
  /** When time alone unlocks it; null if it does not. */
  readonly clearsAt: string | null;
}

/** The apps of a stage that are locked, by their ids. */
export function findLocks(planInto: StagePlan | undefined): ReadonlyMap<string, Lock> {
  const locks = new Map<string, Lock>();
  for (const { app, upToDate } of planInto?.targets ?? []) {
    const blockers = planInto?.blockers.filter((one) => one.app?.id === app.id && !isAboutCheck(one)) ?? [];
    if (upToDate || blockers.length === 0) continue;
    const ends = blockers.map(({ clearsAt }) => clearsAt);
    // The latest: times of the same zone sort as texts.
    const clearsAt = ends.includes(null) ? null : (ends.sort().at(-1) ?? null);
    locks.set(app.id, { reason: describeBlockers(blockers), clearsAt });
  }
  return locks;
}
