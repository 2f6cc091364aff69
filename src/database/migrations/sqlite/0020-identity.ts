import type { MigrationInterface, QueryRunner } from "typeorm";

/** Which person is behind a token and behind a record. Records from before have none. */
const STATEMENTS = [
  "ALTER TABLE tokens ADD COLUMN person TEXT",
  "ALTER TABLE tokens ADD COLUMN groups TEXT NOT NULL DEFAULT '[]'",
  "ALTER TABLE builds ADD COLUMN registered_by TEXT",
  "ALTER TABLE freezes ADD COLUMN started_by_person TEXT",
  ...[
    ["events", "actor"],
    ["releases", "created_by"],
    ["promotions", "created_by"],
    ["promotions", "ended_by"],
    ["promotions", "reviewed_by"],
    ["freezes", "lifted_by"],
    ["freeze_exemptions", "by"],
    ["release_statuses", "reported_by"],
  ].flatMap(([table, part]) => [
    `ALTER TABLE ${table} ADD COLUMN ${part}_subject TEXT`,
    `ALTER TABLE ${table} ADD COLUMN ${part}_person TEXT`,
  ]),
];

export class Identity0000000000020 implements MigrationInterface {
  readonly name = "Identity0000000000020";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Identities are kept: approvals depend on them.");
  }
}
