import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import sql from "sql-template-tag";
import { openDatabase } from "../../src/database/open.js";
import type { Reader } from "../../src/database/rows/reader.js";
import { SYSTEM_VIEWER } from "../../src/domain/core/context.js";
import { append } from "../../src/events/append.js";
import type { EventFilter } from "../../src/events/match.js";
import { readEvents } from "../../src/events/read.js";
import { temporaryFolder } from "../support/service/server.js";

/** The expected index per filter. The remaining conditions are checked row by row in a bounded slice of the log. */
const SERVED: readonly [EventFilter, string][] = [
  [{}, "INTEGER PRIMARY KEY (rowid>? AND rowid<?)"],
  [{ app: "a" }, "PRIMARY KEY (app_id=? AND position>? AND position<?)"],
  [{ app: "a", types: ["APP_CREATED"] }, "PRIMARY KEY (app_id=? AND position>? AND position<?)"],
  [{ app: "a", pipeline: "p" }, "PRIMARY KEY (app_id=? AND position>? AND position<?)"],
  [{ pipeline: "p" }, "INDEX events_by_pipeline (pipeline_id=? AND position>? AND position<?)"],
  [
    { pipeline: "p", types: ["PROMOTION_STARTED", "PROMOTION_FINISHED"] },
    "INDEX events_by_pipeline_type (pipeline_id=? AND type=? AND position>? AND position<?)",
  ],
  [{ promotion: "m", types: ["PROMOTION_STARTED"] }, "INDEX events_by_promotion (promotion_id=? AND position>?"],
  [{ release: "r", types: ["RELEASE_STATUS_REPORTED"] }, "INDEX events_by_release (release_id=? AND position>?"],
  [{ release: "r", contexts: ["c"] }, "INDEX events_by_release (release_id=? AND position>?"],
  [{ types: ["APP_CREATED"] }, "INDEX events_by_type (type=? AND position>? AND position<?)"],
  [{ types: ["APP_CREATED", "TOKEN_REVOKED"] }, "INDEX events_by_type (type=? AND position>? AND position<?)"],
  [
    { types: ["RELEASE_STATUS_REPORTED"], contexts: ["c", "d"] },
    "INDEX events_by_context (context=? AND position>? AND position<?)",
  ],
];

/** The query plan of a read. */
async function getPlan(reader: Reader, filter: EventFilter): Promise<string> {
  const plans: { readonly detail: string }[][] = [];
  const explaining = reader.withRunner((runner) => ({
    query: async (text, values) => {
      plans.push((await runner.query(`EXPLAIN QUERY PLAN ${text}`, values)) as { detail: string }[]);
      return [];
    },
  }));
  await readEvents(explaining, filter, 0, 100, false, 10_000);
  const [plan = []] = plans;
  assert.equal(plans.length, 1);
  return plan.map((step) => step.detail).join("\n");
}

describe("reading the log", () => {
  it("uses an index for every filter, with and without table statistics", async (t) => {
    const database = await openDatabase(`sqlite:${join(temporaryFolder(t), "db.sqlite")}`);
    t.after(() => database.close());
    const look = async () => {
      for (const [filter, index] of SERVED) {
        const plan = await getPlan(database.reader, filter);
        assert.ok(plan.includes(index), `${JSON.stringify(filter)} is read by\n${plan}`);
        assert.doesNotMatch(plan, /SCAN (e|c|a)\b/, JSON.stringify(filter));
      }
    };
    await look();
    const drafts = Array.from({ length: 3000 }, (_, index) => ({
      type: index % 100 === 0 ? ("RELEASE_STATUS_REPORTED" as const) : ("APP_CREATED" as const),
      pipelineId: `p${index % 3}`,
      promotionId: index % 7 === 0 ? "m" : null,
      releaseId: `r${index % 50}`,
      context: index % 100 === 0 ? `c${index % 3}` : null,
      detail: {},
      apps: [`a${index % 10}`],
    }));
    await database.write((tx) => append(tx, SYSTEM_VIEWER, new Date(), drafts));
    await database.write((tx) => tx.execute("analyze", sql`ANALYZE`));
    await look();
  });
});
