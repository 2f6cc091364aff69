import type { MigrationInterface, QueryRunner } from "typeorm";

/** Webhooks, what they sent, and what they still have to send. */
const STATEMENTS = [
  `CREATE TABLE webhooks (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    format TEXT NOT NULL,
    types TEXT,
    pipeline_ids TEXT,
    app_id TEXT,
    ordered BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    position INTEGER NOT NULL,
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_secret_until INTEGER,
    authorization_header TEXT,
    token_id TEXT,
    role TEXT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since INTEGER,
    retries_at INTEGER,
    problem TEXT,
    lease_owner TEXT,
    lease_until INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX webhooks_by_name ON webhooks (name)",
  `CREATE TABLE outgoing_deliveries (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    event_position INTEGER,
    attempt INTEGER NOT NULL,
    sent_at INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    status_code INTEGER,
    response_start TEXT,
    problem TEXT,
    next_attempt_at INTEGER
  )`,
  "CREATE UNIQUE INDEX outgoing_deliveries_by_id ON outgoing_deliveries (id)",
  "CREATE INDEX outgoing_deliveries_by_webhook ON outgoing_deliveries (webhook_id, position)",
  "CREATE INDEX outgoing_deliveries_failed ON outgoing_deliveries (webhook_id, position) WHERE problem IS NOT NULL",
  "CREATE INDEX outgoing_deliveries_by_time ON outgoing_deliveries (sent_at)",
  `CREATE TABLE webhook_queue (
    webhook_id TEXT NOT NULL,
    event_position INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, event_position)
  ) WITHOUT ROWID`,
];

export class Webhooks0000000000019 implements MigrationInterface {
  readonly name = "Webhooks0000000000019";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The webhooks are kept: receivers have stored their secrets.");
  }
}
