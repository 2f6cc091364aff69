import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * What clients sort and cache by. Review apps have an id of their own. Pipelines, apps and promotions have positions in the
 * order in which they were created and last updated, which do not depend on a clock. Triggers assign them.
 */
const STATEMENTS = [
  "ALTER TABLE review_apps ADD COLUMN id TEXT NOT NULL DEFAULT ''",
  `UPDATE review_apps SET id = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
    || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))`,
  "CREATE UNIQUE INDEX review_apps_by_id ON review_apps (id)",
  ...["pipelines", "apps"].flatMap((table) => addPosition(table, "position", "created_at")),
  ...["pipelines", "apps", "promotions"].flatMap((table) => [
    ...addPosition(table, "updated_position", "updated_at"),
    `CREATE TRIGGER ${table}_updated AFTER UPDATE OF updated_at ON ${table}
      BEGIN ${nextPosition(table, "updated_position")}; END`,
  ]),
  "CREATE INDEX promotions_by_pipeline_update ON promotions (pipeline_id, updated_position)",
];

function addPosition(table: string, column: string, time: string): string[] {
  return [
    `ALTER TABLE ${table} ADD COLUMN ${column} INTEGER NOT NULL DEFAULT 0`,
    `UPDATE ${table} SET ${column} = o.place
      FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY ${time}, id) AS place FROM ${table}) o WHERE o.id = ${table}.id`,
    `CREATE UNIQUE INDEX ${table}_by_${column} ON ${table} (${column})`,
    `CREATE TRIGGER ${table}_${column} AFTER INSERT ON ${table} BEGIN ${nextPosition(table, column)}; END`,
  ];
}

function nextPosition(table: string, column: string): string {
  return `UPDATE ${table} SET ${column} = (SELECT MAX(${column}) + 1 FROM ${table}) WHERE id = NEW.id`;
}

export class ClientLists0000000000013 implements MigrationInterface {
  readonly name = "ClientLists0000000000013";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The ids and positions are kept: clients may have stored them.");
  }
}
