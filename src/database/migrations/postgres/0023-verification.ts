import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Verification: the contexts that must be SUCCESS on a release after it has succeeded, what happens otherwise, and how the
 * verification of each release stands. A release keeps the contexts that its app had when the verification began.
 */
const STATEMENTS = [
  'ALTER TABLE couplings ADD COLUMN verification text COLLATE "C"',
  'ALTER TABLE releases ADD COLUMN verification text COLLATE "C"',
  'ALTER TABLE releases ADD COLUMN verification_state text COLLATE "C"',
  'ALTER TABLE releases ADD COLUMN verification_problem text COLLATE "C"',
  "ALTER TABLE releases ADD COLUMN verify_by bigint",
  "ALTER TABLE releases ADD COLUMN verified_at bigint",
  "ALTER TABLE releases ADD COLUMN verification_failed_at bigint",
  "CREATE INDEX releases_verifying ON releases (verify_by) WHERE verify_by IS NOT NULL",
  "ALTER TABLE stage_policies ADD COLUMN require_verified boolean NOT NULL DEFAULT false",
];

export class Verification0000000000023 implements MigrationInterface {
  readonly name = "Verification0000000000023";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Verification is kept: without it, gates would open.");
  }
}
