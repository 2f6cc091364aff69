import type { MigrationInterface, QueryRunner } from "typeorm";

/** What arrived from GitHub and what it did, and the names that code hosts have given to a repository. */
const STATEMENTS = [
  "ALTER TABLE webhook_deliveries ADD COLUMN position INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE webhook_deliveries ADD COLUMN event TEXT NOT NULL DEFAULT 'unknown'",
  "ALTER TABLE webhook_deliveries ADD COLUMN action TEXT",
  "ALTER TABLE webhook_deliveries ADD COLUMN repository TEXT",
  "ALTER TABLE webhook_deliveries ADD COLUMN repository_id TEXT",
  "ALTER TABLE webhook_deliveries ADD COLUMN outcome TEXT NOT NULL DEFAULT 'APPLIED'",
  "ALTER TABLE webhook_deliveries ADD COLUMN message TEXT",
  "ALTER TABLE webhook_deliveries ADD COLUMN attempts INTEGER NOT NULL DEFAULT 1",
  "ALTER TABLE webhook_deliveries ADD COLUMN processed_at INTEGER",
  "ALTER TABLE webhook_deliveries ADD COLUMN pending_until INTEGER",
  "ALTER TABLE webhook_deliveries ADD COLUMN payload TEXT",
  `UPDATE webhook_deliveries SET position = o.position, processed_at = received_at
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY received_at, id) AS position FROM webhook_deliveries) o
    WHERE o.id = webhook_deliveries.id`,
  `UPDATE webhook_deliveries SET event = 'pull_request', repository = substr(subject, 1, instr(subject, '#') - 1) WHERE subject IS NOT NULL`,
  "CREATE UNIQUE INDEX webhook_deliveries_by_position ON webhook_deliveries (position)",
  "CREATE INDEX webhook_deliveries_by_repository ON webhook_deliveries (repository, position) WHERE repository IS NOT NULL",
  "CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (pending_until) WHERE outcome = 'PENDING'",
  `CREATE TABLE repository_names (
    name TEXT NOT NULL PRIMARY KEY,
    repository_id TEXT NOT NULL,
    current_name TEXT NOT NULL,
    seen_at INTEGER,
    claimed_by TEXT,
    formerly_of TEXT
  )`,
  "CREATE INDEX repository_names_by_id ON repository_names (repository_id)",
  "CREATE INDEX repository_names_by_current_name ON repository_names (current_name)",
];

export class WebhookDeliveries0000000000008 implements MigrationInterface {
  readonly name = "WebhookDeliveries0000000000008";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The deliveries are kept: without them, those that are pending would be lost.");
  }
}
