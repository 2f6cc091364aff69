import type { MigrationInterface, QueryRunner } from "typeorm";

/** Tokens that are restricted to pipelines: a list of their ids as JSON, or NULL. */
export class TokenScope0000000000003 implements MigrationInterface {
  readonly name = "TokenScope0000000000003";

  async up(runner: QueryRunner): Promise<void> {
    await runner.query("ALTER TABLE tokens ADD COLUMN scope TEXT");
  }

  async down(): Promise<void> {
    throw new Error("The limits of tokens are not taken away again: what they hide would be open.");
  }
}
