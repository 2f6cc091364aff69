import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Promotions that wait for their gates, and their ends: how long they wait, when a clock wakes them, who asked, what they
 * replace; and the review of those that were forced. A target has no release until it is admitted; its own phase is then in `phase`.
 */
const STATEMENTS = [
  "ALTER TABLE promotions ADD COLUMN not_before bigint",
  "ALTER TABLE promotions ADD COLUMN expires_at bigint",
  "ALTER TABLE promotions ADD COLUMN wake_at bigint",
  'ALTER TABLE promotions ADD COLUMN asked_by text COLLATE "C"',
  "ALTER TABLE promotions ADD COLUMN login_expires_at bigint",
  'ALTER TABLE promotions ADD COLUMN retry_of text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN undoes text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN superseded_by text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN ended_by_name text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN ended_by_role text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN end_reason text COLLATE "C"',
  `ALTER TABLE promotions ADD COLUMN forced_past text COLLATE "C" NOT NULL DEFAULT '[]'`,
  "ALTER TABLE promotions ADD COLUMN needs_review boolean NOT NULL DEFAULT false",
  "ALTER TABLE promotions ADD COLUMN reviewed_at bigint",
  'ALTER TABLE promotions ADD COLUMN reviewed_by_name text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN reviewed_by_role text COLLATE "C"',
  'ALTER TABLE promotions ADD COLUMN review_comment text COLLATE "C"',
  "CREATE INDEX promotions_needing_review ON promotions (position) WHERE needs_review",
  "ALTER TABLE releases ADD COLUMN cancel_requested_at bigint",
  // Those that wait are those that are woken. On the phase, planners would use the index that has them all.
  "CREATE INDEX promotions_waking ON promotions (wake_at) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_build ON promotions (build_id, position) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_pipeline ON promotions (pipeline_id, position) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_source ON promotions (source_app_id, position) WHERE wake_at IS NOT NULL",
  "CREATE INDEX promotions_waiting_by_token ON promotions (asked_by, position) WHERE wake_at IS NOT NULL",
  "ALTER TABLE promotion_targets ALTER COLUMN release_id DROP NOT NULL",
  'ALTER TABLE promotion_targets ADD COLUMN phase text COLLATE "C"',
  'ALTER TABLE promotion_targets ADD COLUMN previous_release_id text COLLATE "C"',
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
