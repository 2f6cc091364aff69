import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * What tokens have spent in their minute, where instances count it together: never here, where there is one and it counts
 * in memory. The table stands on both engines, so that they stay alike.
 */
const STATEMENTS = [
  `CREATE TABLE budgets (
    key TEXT NOT NULL PRIMARY KEY,
    points INTEGER NOT NULL,
    expire INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

export class Budgets0000000000004 implements MigrationInterface {
  readonly name = "Budgets0000000000004";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("An empty table is not taken away again: it does no harm.");
  }
}
