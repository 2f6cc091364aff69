import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Config vars, with the keys that encrypt them. Also what depends on them: the version of an app's config, with which a release
 * was created, the keys that a build requires, how a stage compares config, and which tokens may read secrets.
 */
const STATEMENTS = [
  `CREATE TABLE config_keys (
    subject_id text COLLATE "C" NOT NULL PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    wrapped_by text COLLATE "C" NOT NULL,
    wrapped text COLLATE "C" NOT NULL
  )`,
  "CREATE INDEX config_keys_by_wrapper ON config_keys (wrapped_by)",
  `CREATE TABLE config_vars (
    app_id text COLLATE "C" NOT NULL REFERENCES apps (id),
    key text COLLATE "C" NOT NULL,
    secret boolean NOT NULL,
    required boolean NOT NULL,
    description text COLLATE "C",
    fingerprint text COLLATE "C",
    updated_at bigint NOT NULL,
    updated_by_name text COLLATE "C" NOT NULL,
    updated_by_role text COLLATE "C" NOT NULL,
    updated_by_subject text COLLATE "C",
    updated_by_person text COLLATE "C",
    PRIMARY KEY (app_id, key)
  )`,
  `CREATE TABLE config_values (
    app_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    sealed text COLLATE "C" NOT NULL,
    PRIMARY KEY (app_id, key),
    FOREIGN KEY (app_id, key) REFERENCES config_vars (app_id, key)
  )`,
  "ALTER TABLE apps ADD COLUMN config_version integer NOT NULL DEFAULT 0",
  "ALTER TABLE releases ADD COLUMN config_version integer",
  `ALTER TABLE builds ADD COLUMN required_config text COLLATE "C" NOT NULL DEFAULT '[]'`,
  "ALTER TABLE tokens ADD COLUMN read_config boolean NOT NULL DEFAULT false",
  `ALTER TABLE stage_policies ADD COLUMN config_parity text COLLATE "C" NOT NULL DEFAULT 'REQUIRED'`,
];

export class ConfigVars0000000000018 implements MigrationInterface {
  readonly name = "ConfigVars0000000000018";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Config vars are kept: without them, apps would be deployed without their config.");
  }
}
