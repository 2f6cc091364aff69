import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * The order of releases and tokens, which was that of their ids, and that of what belongs to releases. Also the pipelines
 * that a webhook delivery was applied to. An instance of the version before assigns no position: then the
 * default does.
 */
const STATEMENTS = [
  "ALTER TABLE releases ADD COLUMN position bigint NOT NULL DEFAULT 0",
  `UPDATE releases SET position = o.position
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS position FROM releases) o WHERE o.id = releases.id`,
  "CREATE SEQUENCE releases_position",
  "SELECT setval('releases_position', (SELECT COUNT(*) + 1 FROM releases), false)",
  "ALTER TABLE releases ALTER COLUMN position SET DEFAULT nextval('releases_position')",
  "CREATE UNIQUE INDEX releases_by_position ON releases (position)",
  "ALTER TABLE tokens ADD COLUMN position bigint NOT NULL DEFAULT 0",
  `UPDATE tokens SET position = o.position
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS position FROM tokens) o WHERE o.id = tokens.id`,
  "CREATE SEQUENCE tokens_position",
  "SELECT setval('tokens_position', (SELECT COUNT(*) + 1 FROM tokens), false)",
  "ALTER TABLE tokens ALTER COLUMN position SET DEFAULT nextval('tokens_position')",
  "CREATE UNIQUE INDEX tokens_by_position ON tokens (position)",
  "DROP INDEX releases_by_build",
  "CREATE INDEX releases_by_build ON releases (build_id, position)",
  "ALTER TABLE promotion_targets ADD COLUMN position bigint NOT NULL DEFAULT 0",
  "UPDATE promotion_targets SET position = r.position FROM releases r WHERE r.id = promotion_targets.release_id",
  "ALTER TABLE promotion_targets ALTER COLUMN position SET DEFAULT nextval('releases_position')",
  "ALTER TABLE github_reports ADD COLUMN position bigint NOT NULL DEFAULT 0",
  "UPDATE github_reports SET position = r.position FROM releases r WHERE r.id = github_reports.release_id",
  "ALTER TABLE github_reports ALTER COLUMN position SET DEFAULT nextval('releases_position')",
  "DROP INDEX github_reports_due",
  "CREATE INDEX github_reports_due ON github_reports (next_attempt_at, position) WHERE state = 'PENDING'",
  'ALTER TABLE webhook_deliveries ADD COLUMN applied_to text COLLATE "C"',
];

export class Positions0000000000014 implements MigrationInterface {
  readonly name = "Positions0000000000014";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The columns are kept: they record the order of rows, which ids do not.");
  }
}
