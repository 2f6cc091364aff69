import type { MigrationInterface, QueryRunner } from "typeorm";

/** Whether a release failed because its deployment timed out, and which check run a commit status is of. */
const STATEMENTS = [
  "ALTER TABLE releases ADD COLUMN timed_out boolean NOT NULL DEFAULT false",
  'ALTER TABLE commit_statuses ADD COLUMN run text COLLATE "C"',
];

export class LateReports0000000000005 implements MigrationInterface {
  readonly name = "LateReports0000000000005";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The columns are kept: without them, late reports of earlier deployments would be refused.");
  }
}
