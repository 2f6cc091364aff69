import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Automatic promotion: which stages have it, which source apps it must look at, what holds it on an app, and which promotions it
 * made. When a promotion started limits how often it promotes.
 */
const STATEMENTS = [
  "ALTER TABLE stage_policies ADD COLUMN auto_promote INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE stage_policies ADD COLUMN auto_promote_every INTEGER",
  "ALTER TABLE couplings ADD COLUMN automation_hold TEXT",
  "ALTER TABLE couplings ADD COLUMN promote_due INTEGER",
  "CREATE INDEX couplings_promoting ON couplings (promote_due) WHERE promote_due IS NOT NULL",
  "ALTER TABLE promotions ADD COLUMN automatic INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE promotions ADD COLUMN started_at INTEGER",
  "CREATE INDEX promotions_automatic ON promotions (pipeline_id, position) WHERE automatic",
];

export class Automation0000000000025 implements MigrationInterface {
  readonly name = "Automation0000000000025";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Holds are kept: without them, automation would undo what people decided.");
  }
}
