import type { MigrationInterface, QueryRunner } from "typeorm";

/** Builds that must not go to a stage. At most one quarantine of a build is in force for each stage. */
const STATEMENTS = [
  `CREATE TABLE quarantines (
    id TEXT NOT NULL PRIMARY KEY,
    build_id TEXT NOT NULL REFERENCES builds (id),
    from_stage TEXT NOT NULL,
    reason TEXT NOT NULL,
    by_name TEXT NOT NULL,
    by_role TEXT NOT NULL,
    by_subject TEXT,
    by_person TEXT,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
  )`,
  "CREATE UNIQUE INDEX quarantines_in_force ON quarantines (build_id, from_stage) WHERE ended_at IS NULL",
];

export class Quarantines0000000000026 implements MigrationInterface {
  readonly name = "Quarantines0000000000026";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Quarantines are kept: without them, builds that were found bad would be promoted.");
  }
}
