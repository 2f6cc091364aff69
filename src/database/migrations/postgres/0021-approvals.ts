import type { MigrationInterface, QueryRunner } from "typeorm";

/** Rules that require approvals, and the approvals of promotions that wait. */
const STATEMENTS = [
  "CREATE SEQUENCE approval_rules_position",
  "CREATE SEQUENCE approvals_position",
  `CREATE TABLE approval_rules (
    id text COLLATE "C" PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    pipeline_id text COLLATE "C" NOT NULL REFERENCES pipelines (id),
    stage text COLLATE "C" NOT NULL,
    app_ids text COLLATE "C",
    required integer NOT NULL,
    approvers text COLLATE "C" NOT NULL,
    allow_self_approval boolean NOT NULL,
    comment_required boolean NOT NULL,
    valid_for bigint NOT NULL,
    position bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint
  )`,
  "CREATE UNIQUE INDEX approval_rules_by_name ON approval_rules (pipeline_id, stage, name) WHERE deleted_at IS NULL",
  `CREATE TABLE approvals (
    id text COLLATE "C" PRIMARY KEY,
    rule_id text COLLATE "C" NOT NULL REFERENCES approval_rules (id),
    promotion_id text COLLATE "C" NOT NULL REFERENCES promotions (id),
    decision text COLLATE "C" NOT NULL,
    comment text COLLATE "C",
    token_id text COLLATE "C" NOT NULL,
    by_name text COLLATE "C" NOT NULL,
    by_role text COLLATE "C" NOT NULL,
    by_subject text COLLATE "C",
    by_person text COLLATE "C",
    by_groups text COLLATE "C" NOT NULL,
    passed_checks text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    created_at bigint NOT NULL,
    valid_until bigint NOT NULL,
    voided_at bigint,
    voided_because text COLLATE "C"
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
