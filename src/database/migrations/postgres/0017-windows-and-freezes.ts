import type { MigrationInterface, QueryRunner } from "typeorm";

/** Deployment windows, freezes with their exemptions, where they apply, and the automatic deploys that they hold. */
const STATEMENTS = [
  `CREATE TABLE deployment_windows (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('ALLOW', 'DENY')),
    time_zone text COLLATE "C" NOT NULL,
    recurrence text COLLATE "C",
    start_date text COLLATE "C" NOT NULL,
    end_date text COLLATE "C",
    start_time text COLLATE "C" NOT NULL,
    end_time text COLLATE "C" NOT NULL,
    message text COLLATE "C",
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint,
    position bigint NOT NULL,
    announced_active boolean NOT NULL,
    announce_at bigint
  )`,
  "CREATE SEQUENCE deployment_windows_position",
  "CREATE UNIQUE INDEX deployment_windows_by_name ON deployment_windows (name) WHERE deleted_at IS NULL",
  "CREATE UNIQUE INDEX deployment_windows_by_position ON deployment_windows (position)",
  "CREATE INDEX deployment_windows_due ON deployment_windows (announce_at) WHERE announce_at IS NOT NULL",
  `CREATE TABLE freezes (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    reason text COLLATE "C" NOT NULL,
    incident_url text COLLATE "C",
    starts_at bigint NOT NULL,
    ends_at bigint,
    hard boolean NOT NULL,
    started_by_name text COLLATE "C" NOT NULL,
    started_by_role text COLLATE "C" NOT NULL,
    started_by_subject text COLLATE "C",
    lifted_at bigint,
    lifted_by_name text COLLATE "C",
    lifted_by_role text COLLATE "C",
    lift_reason text COLLATE "C",
    created_at bigint NOT NULL,
    position bigint NOT NULL,
    announce_at bigint,
    ended boolean NOT NULL
  )`,
  "CREATE SEQUENCE freezes_position",
  "CREATE UNIQUE INDEX freezes_by_position ON freezes (position)",
  "CREATE INDEX freezes_live ON freezes (ended, position)",
  "CREATE INDEX freezes_due ON freezes (announce_at) WHERE announce_at IS NOT NULL",
  `CREATE TABLE freeze_exemptions (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    freeze_id text COLLATE "C" NOT NULL REFERENCES freezes (id),
    build_id text COLLATE "C" REFERENCES builds (id),
    app_id text COLLATE "C" REFERENCES apps (id),
    reason text COLLATE "C" NOT NULL,
    by_name text COLLATE "C" NOT NULL,
    by_role text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    CHECK ((build_id IS NULL) <> (app_id IS NULL))
  )`,
  "CREATE INDEX freeze_exemptions_by_freeze ON freeze_exemptions (freeze_id, id)",
  `CREATE TABLE gate_scopes (
    gate_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('PIPELINE', 'STAGE', 'APP')),
    subject text COLLATE "C" NOT NULL,
    ordinal integer NOT NULL,
    PRIMARY KEY (gate_id, kind, subject)
  )`,
  "CREATE INDEX gate_scopes_by_subject ON gate_scopes (kind, subject)",
  `CREATE TABLE held_deploys (
    app_id text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES apps (id),
    build_id text COLLATE "C" NOT NULL REFERENCES builds (id),
    is_new_head boolean NOT NULL,
    retry_at bigint
  )`,
  "CREATE INDEX held_deploys_due ON held_deploys (retry_at) WHERE retry_at IS NOT NULL",
  'ALTER TABLE releases ADD COLUMN during_freeze_id text COLLATE "C"',
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
