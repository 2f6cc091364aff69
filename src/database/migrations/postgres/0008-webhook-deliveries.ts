import type { MigrationInterface, QueryRunner } from "typeorm";

/** What arrived from GitHub and what it did, and the names that code hosts have given to a repository. */
const STATEMENTS = [
  "ALTER TABLE webhook_deliveries ADD COLUMN position bigint NOT NULL DEFAULT 0",
  `ALTER TABLE webhook_deliveries ADD COLUMN event text COLLATE "C" NOT NULL DEFAULT 'unknown'`,
  'ALTER TABLE webhook_deliveries ADD COLUMN action text COLLATE "C"',
  'ALTER TABLE webhook_deliveries ADD COLUMN repository text COLLATE "C"',
  'ALTER TABLE webhook_deliveries ADD COLUMN repository_id text COLLATE "C"',
  `ALTER TABLE webhook_deliveries ADD COLUMN outcome text COLLATE "C" NOT NULL DEFAULT 'APPLIED'`,
  'ALTER TABLE webhook_deliveries ADD COLUMN message text COLLATE "C"',
  "ALTER TABLE webhook_deliveries ADD COLUMN attempts integer NOT NULL DEFAULT 1",
  "ALTER TABLE webhook_deliveries ADD COLUMN processed_at bigint",
  "ALTER TABLE webhook_deliveries ADD COLUMN pending_until bigint",
  'ALTER TABLE webhook_deliveries ADD COLUMN payload text COLLATE "C"',
  `UPDATE webhook_deliveries SET position = o.position, processed_at = received_at
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY received_at, id) AS position FROM webhook_deliveries) o
    WHERE o.id = webhook_deliveries.id`,
  `UPDATE webhook_deliveries SET event = 'pull_request', repository = split_part(subject, '#', 1) WHERE subject IS NOT NULL`,
  "CREATE SEQUENCE webhook_deliveries_position",
  "SELECT setval('webhook_deliveries_position', (SELECT COUNT(*) + 1 FROM webhook_deliveries), false)",
  "ALTER TABLE webhook_deliveries ALTER COLUMN position SET DEFAULT nextval('webhook_deliveries_position')",
  "CREATE UNIQUE INDEX webhook_deliveries_by_position ON webhook_deliveries (position)",
  "CREATE INDEX webhook_deliveries_by_repository ON webhook_deliveries (repository, position) WHERE repository IS NOT NULL",
  "CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (pending_until) WHERE outcome = 'PENDING'",
  `CREATE TABLE repository_names (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    repository_id text COLLATE "C" NOT NULL,
    current_name text COLLATE "C" NOT NULL,
    seen_at bigint,
    claimed_by text COLLATE "C",
    formerly_of text COLLATE "C"
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
