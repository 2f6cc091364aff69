import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Config vars, with the keys that encrypt them. Also what depends on them: the version of an app's config, with which a release
 * was created, the keys that a build requires, how a stage compares config, and which tokens may read secrets.
 */
const STATEMENTS = [
  `CREATE TABLE config_keys (
    subject_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    wrapped_by TEXT NOT NULL,
    wrapped TEXT NOT NULL
  )`,
  "CREATE INDEX config_keys_by_wrapper ON config_keys (wrapped_by)",
  `CREATE TABLE config_vars (
    app_id TEXT NOT NULL REFERENCES apps (id),
    key TEXT NOT NULL,
    secret INTEGER NOT NULL,
    required INTEGER NOT NULL,
    description TEXT,
    fingerprint TEXT,
    updated_at INTEGER NOT NULL,
    updated_by_name TEXT NOT NULL,
    updated_by_role TEXT NOT NULL,
    updated_by_subject TEXT,
    updated_by_person TEXT,
    PRIMARY KEY (app_id, key)
  )`,
  `CREATE TABLE config_values (
    app_id TEXT NOT NULL,
    key TEXT NOT NULL,
    sealed TEXT NOT NULL,
    PRIMARY KEY (app_id, key),
    FOREIGN KEY (app_id, key) REFERENCES config_vars (app_id, key)
  )`,
  "ALTER TABLE apps ADD COLUMN config_version INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE releases ADD COLUMN config_version INTEGER",
  `ALTER TABLE builds ADD COLUMN required_config TEXT NOT NULL DEFAULT '[]'`,
  "ALTER TABLE tokens ADD COLUMN read_config INTEGER NOT NULL DEFAULT 0",
  `ALTER TABLE stage_policies ADD COLUMN config_parity TEXT NOT NULL DEFAULT 'REQUIRED'`,
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
