import type { MigrationInterface, QueryRunner } from "typeorm";

/** What stages require, and when a release succeeded by the clock of the database, from which soak time is counted. */
const STATEMENTS = [
  `CREATE TABLE stage_policies (
    pipeline_id TEXT NOT NULL REFERENCES pipelines (id),
    stage TEXT NOT NULL,
    soak_time INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (pipeline_id, stage)
  )`,
  "ALTER TABLE releases ADD COLUMN succeeded_at INTEGER",
];

export class StagePolicies0000000000015 implements MigrationInterface {
  readonly name = "StagePolicies0000000000015";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Policies are kept: without them, gates would open.");
  }
}
