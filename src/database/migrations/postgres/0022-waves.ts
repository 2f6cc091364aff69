import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Waves: in which order the apps of a stage get a promotion, what the policy says of a rollout, and how far a promotion has
 * come. A target keeps the wave that its app had when the promotion was created.
 */
const STATEMENTS = [
  "ALTER TABLE couplings ADD COLUMN wave integer NOT NULL DEFAULT 1",
  "ALTER TABLE promotion_targets ADD COLUMN wave integer NOT NULL DEFAULT 1",
  "ALTER TABLE promotions ADD COLUMN paused boolean NOT NULL DEFAULT false",
  "ALTER TABLE promotions ADD COLUMN advanced_wave integer NOT NULL DEFAULT 0",
  "ALTER TABLE promotions ADD COLUMN wave_ended_at bigint",
  "ALTER TABLE stage_policies ADD COLUMN max_parallel integer",
  "ALTER TABLE stage_policies ADD COLUMN max_failures integer NOT NULL DEFAULT 0",
  "ALTER TABLE stage_policies ADD COLUMN pause_between_waves bigint",
  `ALTER TABLE stage_policies ADD COLUMN manual_waves text COLLATE "C" NOT NULL DEFAULT '[]'`,
];

export class Waves0000000000022 implements MigrationInterface {
  readonly name = "Waves0000000000022";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Waves are kept: an older version would start all targets of a promotion at once.");
  }
}
