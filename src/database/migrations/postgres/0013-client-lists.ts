import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * What clients sort and cache by. Review apps have an id of their own. Pipelines, apps and promotions have positions in the
 * order in which they were created and last updated, which do not depend on a clock. Defaults and triggers assign them, so
 * that rows of an older instance have them too.
 */
const STATEMENTS = [
  `ALTER TABLE review_apps ADD COLUMN id text COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text`,
  "CREATE UNIQUE INDEX review_apps_by_id ON review_apps (id)",
  ...["pipelines", "apps"].flatMap((table) => addPosition(table, "position", "created_at")),
  `CREATE FUNCTION next_updated_position() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.updated_position := nextval(TG_TABLE_NAME || '_updated_position'); RETURN NEW; END $$`,
  ...["pipelines", "apps", "promotions"].flatMap((table) => [
    ...addPosition(table, "updated_position", "updated_at"),
    `CREATE TRIGGER ${table}_updated BEFORE UPDATE OF updated_at ON ${table}
      FOR EACH ROW EXECUTE FUNCTION next_updated_position()`,
  ]),
  "CREATE INDEX promotions_by_pipeline_update ON promotions (pipeline_id, updated_position)",
];

function addPosition(table: string, column: string, time: string): string[] {
  const sequence = `${table}_${column}`;
  return [
    `ALTER TABLE ${table} ADD COLUMN ${column} bigint NOT NULL DEFAULT 0`,
    `UPDATE ${table} SET ${column} = o.place
      FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY ${time}, id) AS place FROM ${table}) o WHERE o.id = ${table}.id`,
    `CREATE SEQUENCE ${sequence}`,
    `SELECT setval('${sequence}', (SELECT COUNT(*) + 1 FROM ${table}), false)`,
    `ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT nextval('${sequence}')`,
    `CREATE UNIQUE INDEX ${table}_by_${column} ON ${table} (${column})`,
  ];
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
