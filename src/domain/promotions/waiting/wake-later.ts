import sql, { raw, type Sql } from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import type { Promotion } from "../../../entities/releases/promotion.js";
import { DUE } from "../../rollouts/update-progress.js";

/**
 * Which waiting promotions a change may unblock:
 * - builds: those of these builds, after a change of a status or release.
 * - pipelines: those in these pipelines, after a change of a policy, check or rule; null for all.
 * - gates: those in these pipelines, after a change of a window or freeze; null for all.
 * - promotion: this one, after a vote.
 * - token: those that this token requested, after it was revoked.
 * - config: those from or to this app, after a change of its config.
 */
export type Cleared =
  | { readonly builds: readonly string[] }
  | { readonly pipelines: readonly string[] | null }
  | { readonly gates: readonly string[] | null }
  | { readonly promotion: string }
  | { readonly token: string }
  | { readonly config: string };

/** The SQL condition on promotions `e` that selects those. */
export function toCondition({ dialect }: Reader, cleared: Cleared): Sql {
  if ("builds" in cleared) {
    const [first, ...others] = cleared.builds;
    return others.length === 0 ? sql`e.build_id = ${first ?? null}` : dialect.oneOf(sql`e.build_id`, cleared.builds);
  }
  if ("promotion" in cleared) return sql`e.id = ${cleared.promotion}`;
  if ("token" in cleared) return sql`e.asked_by = ${cleared.token}`;
  if ("config" in cleared) {
    const { config } = cleared;
    return sql`(e.source_app_id = ${config} OR e.id IN (SELECT t.promotion_id FROM promotion_targets t
      WHERE t.app_id = ${config} AND t.phase = 'WAITING'))`;
  }
  const pipelines = "gates" in cleared ? cleared.gates : cleared.pipelines;
  return pipelines === null ? sql`1 = 1` : dialect.oneOf(sql`e.pipeline_id`, pipelines);
}

/**
 * Makes the promotions that a change may unblock due, for the periodic job. The caller holds the locks of the change. A
 * promotion whose row is locked is skipped. The transaction that holds that lock evaluates the promotion after this one
 * has ended, because it needs the same locks; or it ends the promotion; or it can only block it.
 */
export async function wakeLater(tx: Tx, cleared: Cleared, except: readonly Promotion[] = []): Promise<void> {
  const condition = toCondition(tx, cleared);
  const others = sql`NOT ${tx.dialect.oneOf(
    sql`e.id`,
    except.map((one) => one.id),
  )}`;
  const free = tx.dialect.concurrent ? raw("ORDER BY e.id FOR NO KEY UPDATE SKIP LOCKED") : raw("");
  await tx.execute(
    "wake_waiting_promotions",
    sql`UPDATE promotions SET wake_at = ${DUE.getTime()}
      WHERE id IN (SELECT e.id FROM promotions e WHERE e.wake_at IS NOT NULL AND ${condition} AND ${others} ${free})`,
  );
}
