import type { MigrationInterface, QueryRunner } from "typeorm";

/** Which person is behind a token and behind a record. Records from before have none. */
const STATEMENTS = [
  `ALTER TABLE tokens ADD COLUMN person text COLLATE "C"`,
  `ALTER TABLE tokens ADD COLUMN groups text COLLATE "C" NOT NULL DEFAULT '[]'`,
  `ALTER TABLE builds ADD COLUMN registered_by text COLLATE "C"`,
  `ALTER TABLE freezes ADD COLUMN started_by_person text COLLATE "C"`,
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
    `ALTER TABLE ${table} ADD COLUMN ${part}_subject text COLLATE "C"`,
    `ALTER TABLE ${table} ADD COLUMN ${part}_person text COLLATE "C"`,
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
