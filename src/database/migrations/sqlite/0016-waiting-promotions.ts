import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Promotions that wait for their gates, and their ends: how long they wait, when a clock wakes them, who asked, what they
 * replace; and the review of those that were forced. A target has no release until it is admitted; its own phase is then in `phase`.
 */
const STATEMENTS = [
  "ALTER TABLE promotions ADD COLUMN not_before INTEGER",
  "ALTER TABLE promotions ADD COLUMN expires_at INTEGER",
  "ALTER TABLE promotions ADD COLUMN wake_at INTEGER",
  "ALTER TABLE promotions ADD COLUMN asked_by TEXT",
  "ALTER TABLE promotions ADD COLUMN login_expires_at INTEGER",
  "ALTER TABLE promotions ADD COLUMN retry_of TEXT",
  "ALTER TABLE promotions ADD COLUMN undoes TEXT",
  "ALTER TABLE promotions ADD COLUMN superseded_by TEXT",
  "ALTER TABLE promotions ADD COLUMN ended_by_name TEXT",
  "ALTER TABLE promotions ADD COLUMN ended_by_role TEXT",
  "ALTER TABLE promotions ADD COLUMN end_reason TEXT",
  "ALTER TABLE promotions ADD COLUMN forced_past TEXT NOT NULL DEFAULT '[]'",
  "ALTER TABLE promotions ADD COLUMN needs_review INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE promotions ADD COLUMN reviewed_at INTEGER",
  "ALTER TABLE promotions ADD COLUMN reviewed_by_name TEXT",
  "ALTER TABLE promotions ADD COLUMN reviewed_by_role TEXT",
  "ALTER TABLE promotions ADD COLUMN review_comment TEXT",
  "CREATE INDEX promotions_needing_review ON promotions (position) WHERE needs_review",
  "ALTER TABLE releases ADD COLUMN cancel_requested_at INTEGER",
  // Those that wait are those that are woken. On the phase, planners would use the index that has them all.
  "CREATE INDEX promotions_waking ON promotions (wake_at) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_build ON promotions (build_id, position) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_pipeline ON promotions (pipeline_id, position) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_source ON promotions (source_app_id, position) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_token ON promotions (asked_by, position) WHERE wake_at IS NOT NULL",
  // SQLite cannot make a column nullable: the table is copied. Nothing refers to it.
  `CREATE TABLE new_promotion_targets (
    id TEXT NOT NULL PRIMARY KEY,
    promotion_id TEXT NOT NULL REFERENCES promotions (id),
    app_id TEXT NOT NULL REFERENCES apps (id),
    release_id TEXT REFERENCES releases (id),
    checks TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    phase TEXT,
    previous_release_id TEXT
  )`,
  `INSERT INTO new_promotion_targets (id, promotion_id, app_id, release_id, checks, position)
    SELECT id, promotion_id, app_id, release_id, checks, position FROM promotion_targets`,
  "DROP TABLE promotion_targets",
  "ALTER TABLE new_promotion_targets RENAME TO promotion_targets",
  "CREATE UNIQUE INDEX promotion_targets_by_promotion ON promotion_targets (promotion_id, app_id)",
  "CREATE INDEX promotion_targets_by_app ON promotion_targets (app_id, promotion_id)",
  "CREATE UNIQUE INDEX promotion_targets_by_release ON promotion_targets (release_id)",
  // At most one promotion waits for an app.
  "CREATE UNIQUE INDEX promotion_targets_waiting ON promotion_targets (app_id) WHERE phase = 'WAITING'",
];

export class WaitingPromotions0000000000016 implements MigrationInterface {
  readonly name = "WaitingPromotions0000000000016";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Promotions that wait are kept: an older version would not know them.");
  }
}
