import type { MigrationInterface, QueryRunner } from "typeorm";

/** Deployment windows, freezes with their exemptions, where they apply, and the automatic deploys that they hold. */
const STATEMENTS = [
  `CREATE TABLE deployment_windows (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ALLOW', 'DENY')),
    time_zone TEXT NOT NULL,
    recurrence TEXT,
    start_date TEXT NOT NULL,
    end_date TEXT,
    start_time TEXT NOT NULL,
    end_time TEXT NOT NULL,
    message TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    position INTEGER NOT NULL,
    announced_active INTEGER NOT NULL,
    announce_at INTEGER
  )`,
  "CREATE UNIQUE INDEX deployment_windows_by_name ON deployment_windows (name) WHERE deleted_at IS NULL",
  "CREATE UNIQUE INDEX deployment_windows_by_position ON deployment_windows (position)",
  "CREATE INDEX deployment_windows_due ON deployment_windows (announce_at) WHERE announce_at IS NOT NULL",
  `CREATE TABLE freezes (
    id TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    incident_url TEXT,
    starts_at INTEGER NOT NULL,
    ends_at INTEGER,
    hard INTEGER NOT NULL,
    started_by_name TEXT NOT NULL,
    started_by_role TEXT NOT NULL,
    started_by_subject TEXT,
    lifted_at INTEGER,
    lifted_by_name TEXT,
    lifted_by_role TEXT,
    lift_reason TEXT,
    created_at INTEGER NOT NULL,
    position INTEGER NOT NULL,
    announce_at INTEGER,
    ended INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX freezes_by_position ON freezes (position)",
  "CREATE INDEX freezes_live ON freezes (ended, position)",
  "CREATE INDEX freezes_due ON freezes (announce_at) WHERE announce_at IS NOT NULL",
  `CREATE TABLE freeze_exemptions (
    id TEXT NOT NULL PRIMARY KEY,
    freeze_id TEXT NOT NULL REFERENCES freezes (id),
    build_id TEXT REFERENCES builds (id),
    app_id TEXT REFERENCES apps (id),
    reason TEXT NOT NULL,
    by_name TEXT NOT NULL,
    by_role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    CHECK ((build_id IS NULL) <> (app_id IS NULL))
  )`,
  "CREATE INDEX freeze_exemptions_by_freeze ON freeze_exemptions (freeze_id, id)",
  `CREATE TABLE gate_scopes (
    gate_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('PIPELINE', 'STAGE', 'APP')),
    subject TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (gate_id, kind, subject)
  ) WITHOUT ROWID`,
  "CREATE INDEX gate_scopes_by_subject ON gate_scopes (kind, subject)",
  `CREATE TABLE held_deploys (
    app_id TEXT NOT NULL PRIMARY KEY REFERENCES apps (id),
    build_id TEXT NOT NULL REFERENCES builds (id),
    is_new_head INTEGER NOT NULL,
    retry_at INTEGER
  )`,
  "CREATE INDEX held_deploys_due ON held_deploys (retry_at) WHERE retry_at IS NOT NULL",
  "ALTER TABLE releases ADD COLUMN during_freeze_id TEXT",
];

export class WindowsAndFreezes0000000000017 implements MigrationInterface {
  readonly name = "WindowsAndFreezes0000000000017";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The tables are kept: they hold what people set up.");
  }
}
