import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Whether and why a release was forced past its gates, how long a deployment of an app may take, and whether an app is
 * deployed automatically when it is in DEVELOPMENT. Also the version of Railyard that the
 * database needs, and the order of promotions and couplings, which was that of their ids.
 */
const STATEMENTS = [
  "ALTER TABLE releases ADD COLUMN forced boolean NOT NULL DEFAULT false",
  'ALTER TABLE releases ADD COLUMN reason text COLLATE "C"',
  "ALTER TABLE apps ADD COLUMN deploy_timeout bigint",
  "ALTER TABLE apps ADD COLUMN auto_deploy boolean NOT NULL DEFAULT true",
  "UPDATE apps SET auto_deploy = false WHERE id IN (SELECT app_id FROM couplings WHERE stage = 'DEVELOPMENT' AND auto_deploy = false)",
  'CREATE TABLE schema_version (id integer NOT NULL PRIMARY KEY CHECK (id = 1), version text COLLATE "C" NOT NULL)',
  "INSERT INTO schema_version (id, version) VALUES (1, '0.0.0')",
  "ALTER TABLE promotions ADD COLUMN position bigint NOT NULL DEFAULT 0",
  `UPDATE promotions SET position = o.position
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS position FROM promotions) o WHERE o.id = promotions.id`,
  "CREATE SEQUENCE promotions_position",
  "SELECT setval('promotions_position', (SELECT COUNT(*) + 1 FROM promotions), false)",
  "ALTER TABLE promotions ALTER COLUMN position SET DEFAULT nextval('promotions_position')",
  "CREATE UNIQUE INDEX promotions_by_position ON promotions (position)",
  "DROP INDEX promotions_by_pipeline",
  "CREATE INDEX promotions_by_pipeline ON promotions (pipeline_id, position)",
  "DROP INDEX promotions_by_source",
  "CREATE INDEX promotions_by_source ON promotions (source_app_id, position)",
  "DROP INDEX promotions_by_phase",
  "CREATE INDEX promotions_by_phase ON promotions (phase, position)",
  "ALTER TABLE couplings ADD COLUMN position bigint NOT NULL DEFAULT 0",
  `UPDATE couplings SET position = o.position
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS position FROM couplings) o WHERE o.id = couplings.id`,
  "CREATE SEQUENCE couplings_position",
  "SELECT setval('couplings_position', (SELECT COUNT(*) + 1 FROM couplings), false)",
  "ALTER TABLE couplings ALTER COLUMN position SET DEFAULT nextval('couplings_position')",
  "CREATE UNIQUE INDEX couplings_by_position ON couplings (position)",
  "DROP INDEX couplings_by_pipeline",
  "CREATE INDEX couplings_by_pipeline ON couplings (pipeline_id, position)",
];

export class Overrides0000000000009 implements MigrationInterface {
  readonly name = "Overrides0000000000009";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The columns are kept: they record what was forced, and what was configured.");
  }
}
