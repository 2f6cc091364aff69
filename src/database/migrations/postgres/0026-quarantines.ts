import type { MigrationInterface, QueryRunner } from "typeorm";

/** Builds that must not go to a stage. At most one quarantine of a build is in force for each stage. */
const STATEMENTS = [
  `CREATE TABLE quarantines (
    id text COLLATE "C" PRIMARY KEY,
    build_id text COLLATE "C" NOT NULL REFERENCES builds (id),
    from_stage text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    by_name text COLLATE "C" NOT NULL,
    by_role text COLLATE "C" NOT NULL,
    by_subject text COLLATE "C",
    by_person text COLLATE "C",
    created_at bigint NOT NULL,
    ended_at bigint
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
