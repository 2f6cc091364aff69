import type { MigrationInterface, QueryRunner } from "typeorm";

/** How a promotion compares config vars, for its later waves, if it was asked for with another rule than that of the stage. */
export class ConfigParity0000000000024 implements MigrationInterface {
  readonly name = "ConfigParity0000000000024";

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE promotions ADD COLUMN config_parity text COLLATE "C"');
  }

  async down(): Promise<void> {
    throw new Error("The rules of promotions are kept: waves that wait would be compared by other ones.");
  }
}
