import sql from "sql-template-tag";
import { openDatabase } from "../../../src/database/open.js";
import { newId } from "../../../src/domain/core/values/id.js";
import { NOT_WAITING } from "../../../src/domain/promotions/carry-out.js";
import { toActorColumns } from "../../../src/entities/core/actor-columns.js";
import { Coupling } from "../../../src/entities/pipelines/coupling.js";
import { Promotion } from "../../../src/entities/releases/promotion.js";
import { Release } from "../../../src/entities/releases/release.js";

const DAY_MS = 86_400_000;

/**
 * Inserts the rows of waiting promotions into a SQLite file, in all pipelines except the first. They have no targets
 * and are due in a month, so the measured reports do not affect them.
 */
export async function addWaiting(path: string, count: number): Promise<void> {
  const database = await openDatabase(`sqlite:${path}`);
  try {
    await database.write(async (tx) => {
      const releases = await tx.select("releases", Release, sql`ORDER BY e.position LIMIT ${count}`);
      const couplings = new Map((await tx.find(Coupling, {})).map((coupling) => [coupling.appId, coupling]));
      const [first] = releases;
      const elsewhere = releases.filter(({ appId }) => {
        const here = first && couplings.get(first.appId)?.pipelineId;
        return couplings.get(appId)?.pipelineId !== here;
      });
      const now = new Date();
      const rows = Array.from({ length: count }, (_, index) => {
        const release = elsewhere[index % elsewhere.length] as Release;
        return Object.assign(new Promotion(), {
          ...{ id: newId(), pipelineId: couplings.get(release.appId)?.pipelineId, sourceAppId: release.appId },
          ...{ releaseId: release.id, buildId: release.buildId, from: "DEVELOPMENT", to: "STAGING" },
          ...{ phase: "WAITING", forced: false, reason: null, forcedPast: [], notBefore: null, position: index + 1 },
          ...{ ...NOT_WAITING, askedBy: null, retryOf: null, configParity: null, createdAt: now, updatedAt: now },
          ...toActorColumns("createdBy", { name: "kim", role: "OPERATOR", subject: null, person: null }),
          ...{ wakeAt: new Date(now.getTime() + 30 * DAY_MS), expiresAt: new Date(now.getTime() + 30 * DAY_MS) },
        });
      });
      await tx.insert(Promotion, rows);
    });
  } finally {
    await database.close();
  }
}
