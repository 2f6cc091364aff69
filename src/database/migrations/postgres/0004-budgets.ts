import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * What tokens have spent in their minute: the key, what was spent, and until when that counts, in milliseconds since 1970.
 * The names and their order are those that rate-limiter-flexible writes. UNLOGGED, so that paying waits for no disk: after
 * a crash of the database everybody has their whole budget again. Nothing but the key is indexed, so that an update stays
 * on its page.
 */
const STATEMENTS = [
  `CREATE UNLOGGED TABLE budgets (
    key text COLLATE "C" NOT NULL PRIMARY KEY,
    points bigint NOT NULL,
    expire bigint NOT NULL
  )`,
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
