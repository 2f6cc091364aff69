import type { MigrationInterface, QueryRunner } from "typeorm";

/** Rules that require approvals, and the approvals of promotions that wait. */
const STATEMENTS = [
  `CREATE TABLE approval_rules (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    pipeline_id TEXT NOT NULL REFERENCES pipelines (id),
    stage TEXT NOT NULL,
    app_ids TEXT,
    required INTEGER NOT NULL,
    approvers TEXT NOT NULL,
    allow_self_approval INTEGER NOT NULL,
    comment_required INTEGER NOT NULL,
    valid_for INTEGER NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
  )`,
  "CREATE UNIQUE INDEX approval_rules_by_name ON approval_rules (pipeline_id, stage, name) WHERE deleted_at IS NULL",
  `CREATE TABLE approvals (
    id TEXT NOT NULL PRIMARY KEY,
    rule_id TEXT NOT NULL REFERENCES approval_rules (id),
    promotion_id TEXT NOT NULL REFERENCES promotions (id),
    decision TEXT NOT NULL,
    comment TEXT,
    token_id TEXT NOT NULL,
    by_name TEXT NOT NULL,
    by_role TEXT NOT NULL,
    by_subject TEXT,
    by_person TEXT,
    by_groups TEXT NOT NULL,
    passed_checks TEXT NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    voided_at INTEGER,
    voided_because TEXT
  )`,
  "CREATE UNIQUE INDEX approval_rules_by_position ON approval_rules (position)",
  "CREATE UNIQUE INDEX approvals_by_position ON approvals (position)",
  "CREATE INDEX approvals_by_promotion ON approvals (promotion_id)",
  "CREATE INDEX approvals_by_rule ON approvals (rule_id) WHERE voided_at IS NULL",
  "CREATE INDEX approvals_by_token ON approvals (token_id) WHERE voided_at IS NULL",
  "CREATE INDEX approvals_by_validity ON approvals (valid_until) WHERE voided_at IS NULL",
];

export class Approvals0000000000021 implements MigrationInterface {
  readonly name = "Approvals0000000000021";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Approvals are kept: without the rules, gates would open.");
  }
}
