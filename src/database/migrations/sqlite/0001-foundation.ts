import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * Times are milliseconds since 1970. Enumerations are held by the domain, which is the only writer; the constraints here
 * are those that a race or a mistake could break: identity, uniqueness, and that what is named is there.
 */
const STATEMENTS = [
  `CREATE TABLE pipelines (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    repository TEXT,
    branch TEXT NOT NULL,
    review_apps_enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
  )`,
  "CREATE UNIQUE INDEX pipelines_by_name ON pipelines (name) WHERE deleted_at IS NULL",
  "CREATE INDEX pipelines_by_repository ON pipelines (repository) WHERE deleted_at IS NULL AND repository IS NOT NULL",

  `CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    region TEXT,
    deployment_mode TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER
  )`,
  "CREATE UNIQUE INDEX apps_by_name ON apps (name) WHERE deleted_at IS NULL",

  `CREATE TABLE couplings (
    id TEXT NOT NULL PRIMARY KEY,
    pipeline_id TEXT NOT NULL REFERENCES pipelines (id),
    app_id TEXT NOT NULL REFERENCES apps (id),
    stage TEXT NOT NULL,
    required_checks TEXT NOT NULL,
    auto_deploy INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX couplings_by_app ON couplings (app_id)",
  "CREATE INDEX couplings_by_pipeline ON couplings (pipeline_id, id)",

  `CREATE TABLE review_apps (
    app_id TEXT NOT NULL PRIMARY KEY REFERENCES apps (id),
    pipeline_id TEXT NOT NULL REFERENCES pipelines (id),
    number INTEGER NOT NULL,
    title TEXT,
    branch TEXT NOT NULL,
    author TEXT,
    url TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX review_apps_by_pipeline ON review_apps (pipeline_id, number)",
  "CREATE INDEX review_apps_by_expiry ON review_apps (expires_at)",

  `CREATE TABLE builds (
    id TEXT NOT NULL PRIMARY KEY,
    phase TEXT NOT NULL,
    repository TEXT NOT NULL,
    branch TEXT,
    commit_sha TEXT NOT NULL,
    commit_message TEXT,
    commit_author TEXT,
    commit_url TEXT,
    artifact TEXT,
    checksum TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE INDEX builds_by_branch ON builds (repository, branch, id)",
  "CREATE INDEX builds_by_commit ON builds (commit_sha, id)",

  `CREATE TABLE releases (
    id TEXT NOT NULL PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES apps (id),
    build_id TEXT NOT NULL REFERENCES builds (id),
    version INTEGER NOT NULL,
    phase TEXT NOT NULL,
    failure_reason TEXT,
    "trigger" TEXT NOT NULL,
    description TEXT NOT NULL,
    promotion_id TEXT REFERENCES promotions (id),
    created_by_name TEXT NOT NULL,
    created_by_role TEXT NOT NULL,
    deploy_deadline INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX releases_by_app ON releases (app_id, version)",
  "CREATE INDEX releases_by_build ON releases (build_id, id)",
  "CREATE INDEX releases_succeeded ON releases (app_id, version) WHERE phase = 'SUCCEEDED'",
  // One release of an app deploys at a time, and one waits.
  "CREATE UNIQUE INDEX releases_deploying ON releases (app_id) WHERE phase = 'DEPLOYING'",
  "CREATE UNIQUE INDEX releases_queued ON releases (app_id) WHERE phase = 'QUEUED'",
  "CREATE INDEX releases_by_deadline ON releases (deploy_deadline) WHERE deploy_deadline IS NOT NULL",

  `CREATE TABLE release_statuses (
    id TEXT NOT NULL PRIMARY KEY,
    release_id TEXT REFERENCES releases (id),
    build_id TEXT NOT NULL REFERENCES builds (id),
    context TEXT NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    description TEXT,
    target_url TEXT,
    image_url TEXT,
    reported_by_name TEXT NOT NULL,
    reported_by_role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE UNIQUE INDEX release_statuses_by_release ON release_statuses (release_id, context) WHERE release_id IS NOT NULL",
  "CREATE UNIQUE INDEX release_statuses_by_build ON release_statuses (build_id, context) WHERE release_id IS NULL",

  `CREATE TABLE promotions (
    id TEXT NOT NULL PRIMARY KEY,
    pipeline_id TEXT NOT NULL REFERENCES pipelines (id),
    source_app_id TEXT NOT NULL REFERENCES apps (id),
    release_id TEXT NOT NULL REFERENCES releases (id),
    build_id TEXT NOT NULL REFERENCES builds (id),
    from_stage TEXT NOT NULL,
    to_stage TEXT NOT NULL,
    phase TEXT NOT NULL,
    forced INTEGER NOT NULL,
    reason TEXT,
    created_by_name TEXT NOT NULL,
    created_by_role TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE INDEX promotions_by_pipeline ON promotions (pipeline_id, id)",
  "CREATE INDEX promotions_by_source ON promotions (source_app_id, id)",
  "CREATE INDEX promotions_by_phase ON promotions (phase, id)",

  `CREATE TABLE promotion_targets (
    id TEXT NOT NULL PRIMARY KEY,
    promotion_id TEXT NOT NULL REFERENCES promotions (id),
    app_id TEXT NOT NULL REFERENCES apps (id),
    release_id TEXT NOT NULL REFERENCES releases (id),
    checks TEXT NOT NULL
  )`,
  "CREATE UNIQUE INDEX promotion_targets_by_promotion ON promotion_targets (promotion_id, app_id)",
  "CREATE INDEX promotion_targets_by_app ON promotion_targets (app_id, promotion_id)",
  "CREATE UNIQUE INDEX promotion_targets_by_release ON promotion_targets (release_id)",

  `CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    bootstrap INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
  )`,
  "CREATE UNIQUE INDEX tokens_by_secret ON tokens (secret_hash)",

  `CREATE TABLE idempotency_keys (
    token_id TEXT NOT NULL,
    "key" TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    answer TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (token_id, "key")
  ) WITHOUT ROWID`,
  "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",

  `CREATE TABLE events (
    position INTEGER NOT NULL PRIMARY KEY,
    type TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    actor_name TEXT NOT NULL,
    actor_role TEXT NOT NULL,
    pipeline_id TEXT,
    promotion_id TEXT,
    release_id TEXT,
    context TEXT,
    detail TEXT NOT NULL
  )`,
  "CREATE INDEX events_by_type ON events (type, position)",
  "CREATE INDEX events_by_pipeline ON events (pipeline_id, position) WHERE pipeline_id IS NOT NULL",
  "CREATE INDEX events_by_promotion ON events (promotion_id, position) WHERE promotion_id IS NOT NULL",
  "CREATE INDEX events_by_release ON events (release_id, position) WHERE release_id IS NOT NULL",

  `CREATE TABLE event_apps (
    app_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (app_id, position)
  ) WITHOUT ROWID`,
  "CREATE INDEX event_apps_by_position ON event_apps (position)",

  // One row: the position of the newest event, and the position up to which events were pruned.
  `CREATE TABLE event_log (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    head INTEGER NOT NULL,
    pruned INTEGER NOT NULL
  )`,
  "INSERT INTO event_log (id, head, pruned) VALUES (1, 0, 0)",

  `CREATE TABLE commit_statuses (
    repository TEXT NOT NULL,
    commit_sha TEXT NOT NULL,
    context TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    description TEXT,
    target_url TEXT,
    image_url TEXT,
    said_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (repository, commit_sha, context, source)
  ) WITHOUT ROWID`,
  "CREATE INDEX commit_statuses_by_age ON commit_statuses (received_at)",

  `CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT,
    subject_at INTEGER,
    received_at INTEGER NOT NULL
  ) WITHOUT ROWID`,
  "CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (subject, subject_at) WHERE subject IS NOT NULL",
  "CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (received_at)",

  `CREATE TABLE github_reports (
    release_id TEXT NOT NULL PRIMARY KEY REFERENCES releases (id),
    app_id TEXT NOT NULL REFERENCES apps (id),
    state TEXT NOT NULL,
    deployment_id TEXT,
    told TEXT,
    uncertain INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    problem TEXT,
    next_attempt_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  )`,
  "CREATE INDEX github_reports_due ON github_reports (next_attempt_at, release_id) WHERE state = 'PENDING'",
  "CREATE INDEX github_reports_by_app ON github_reports (app_id)",

  // At most one row: up to which event releases have been queued for GitHub.
  `CREATE TABLE github_position (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
  )`,
];

export class Foundation0000000000001 implements MigrationInterface {
  readonly name = "Foundation0000000000001";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The foundation is not undone: restore a backup instead.");
  }
}
