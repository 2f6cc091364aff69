import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * The same tables as on the embedded engine, under the same names. Ids are text and times milliseconds since 1970, so
 * that a row reads alike on both. Text sorts by its bytes (`COLLATE "C"`) independently of the locale of the database: the API's
 * lists and their cursors go by that order.
 */
const STATEMENTS = [
  `CREATE TABLE pipelines (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    repository text COLLATE "C",
    branch text COLLATE "C" NOT NULL,
    review_apps_enabled boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint
  )`,
  "CREATE UNIQUE INDEX pipelines_by_name ON pipelines (name) WHERE deleted_at IS NULL",
  "CREATE INDEX pipelines_by_repository ON pipelines (repository) WHERE deleted_at IS NULL AND repository IS NOT NULL",

  `CREATE TABLE apps (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    region text COLLATE "C",
    deployment_mode text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint
  )`,
  "CREATE UNIQUE INDEX apps_by_name ON apps (name) WHERE deleted_at IS NULL",

  `CREATE TABLE couplings (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    pipeline_id text COLLATE "C" NOT NULL REFERENCES pipelines (id),
    app_id text COLLATE "C" NOT NULL REFERENCES apps (id),
    stage text COLLATE "C" NOT NULL,
    required_checks text COLLATE "C" NOT NULL,
    auto_deploy boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  "CREATE UNIQUE INDEX couplings_by_app ON couplings (app_id)",
  "CREATE INDEX couplings_by_pipeline ON couplings (pipeline_id, id)",

  `CREATE TABLE review_apps (
    app_id text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES apps (id),
    pipeline_id text COLLATE "C" NOT NULL REFERENCES pipelines (id),
    number integer NOT NULL,
    title text COLLATE "C",
    branch text COLLATE "C" NOT NULL,
    author text COLLATE "C",
    url text COLLATE "C",
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
  )`,
  "CREATE UNIQUE INDEX review_apps_by_pipeline ON review_apps (pipeline_id, number)",
  "CREATE INDEX review_apps_by_expiry ON review_apps (expires_at)",

  `CREATE TABLE builds (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    phase text COLLATE "C" NOT NULL,
    repository text COLLATE "C" NOT NULL,
    branch text COLLATE "C",
    commit_sha text COLLATE "C" NOT NULL,
    commit_message text COLLATE "C",
    commit_author text COLLATE "C",
    commit_url text COLLATE "C",
    artifact text COLLATE "C",
    checksum text COLLATE "C",
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  "CREATE INDEX builds_by_branch ON builds (repository, branch, id)",
  "CREATE INDEX builds_by_commit ON builds (commit_sha, id)",

  `CREATE TABLE releases (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    app_id text COLLATE "C" NOT NULL REFERENCES apps (id),
    build_id text COLLATE "C" NOT NULL REFERENCES builds (id),
    version integer NOT NULL,
    phase text COLLATE "C" NOT NULL,
    failure_reason text COLLATE "C",
    trigger text COLLATE "C" NOT NULL,
    description text COLLATE "C" NOT NULL,
    promotion_id text COLLATE "C",
    created_by_name text COLLATE "C" NOT NULL,
    created_by_role text COLLATE "C" NOT NULL,
    deploy_deadline bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  "CREATE UNIQUE INDEX releases_by_app ON releases (app_id, version)",
  "CREATE INDEX releases_by_build ON releases (build_id, id)",
  "CREATE INDEX releases_succeeded ON releases (app_id, version) WHERE phase = 'SUCCEEDED'",
  // One release of an app deploys at a time, and one waits.
  "CREATE UNIQUE INDEX releases_deploying ON releases (app_id) WHERE phase = 'DEPLOYING'",
  "CREATE UNIQUE INDEX releases_queued ON releases (app_id) WHERE phase = 'QUEUED'",
  "CREATE INDEX releases_by_deadline ON releases (deploy_deadline) WHERE deploy_deadline IS NOT NULL",

  `CREATE TABLE release_statuses (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    release_id text COLLATE "C" REFERENCES releases (id),
    build_id text COLLATE "C" NOT NULL REFERENCES builds (id),
    context text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    description text COLLATE "C",
    target_url text COLLATE "C",
    image_url text COLLATE "C",
    reported_by_name text COLLATE "C" NOT NULL,
    reported_by_role text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  "CREATE UNIQUE INDEX release_statuses_by_release ON release_statuses (release_id, context) WHERE release_id IS NOT NULL",
  "CREATE UNIQUE INDEX release_statuses_by_build ON release_statuses (build_id, context) WHERE release_id IS NULL",

  `CREATE TABLE promotions (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    pipeline_id text COLLATE "C" NOT NULL REFERENCES pipelines (id),
    source_app_id text COLLATE "C" NOT NULL REFERENCES apps (id),
    release_id text COLLATE "C" NOT NULL REFERENCES releases (id),
    build_id text COLLATE "C" NOT NULL REFERENCES builds (id),
    from_stage text COLLATE "C" NOT NULL,
    to_stage text COLLATE "C" NOT NULL,
    phase text COLLATE "C" NOT NULL,
    forced boolean NOT NULL,
    reason text COLLATE "C",
    created_by_name text COLLATE "C" NOT NULL,
    created_by_role text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  // Each refers to the other: a promotion to the release that it copied, and the releases that it made to it.
  "ALTER TABLE releases ADD FOREIGN KEY (promotion_id) REFERENCES promotions (id)",
  "CREATE INDEX promotions_by_pipeline ON promotions (pipeline_id, id)",
  "CREATE INDEX promotions_by_source ON promotions (source_app_id, id)",
  "CREATE INDEX promotions_by_phase ON promotions (phase, id)",

  `CREATE TABLE promotion_targets (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    promotion_id text COLLATE "C" NOT NULL REFERENCES promotions (id),
    app_id text COLLATE "C" NOT NULL REFERENCES apps (id),
    release_id text COLLATE "C" NOT NULL REFERENCES releases (id),
    checks text COLLATE "C" NOT NULL
  )`,
  "CREATE UNIQUE INDEX promotion_targets_by_promotion ON promotion_targets (promotion_id, app_id)",
  "CREATE INDEX promotion_targets_by_app ON promotion_targets (app_id, promotion_id)",
  "CREATE UNIQUE INDEX promotion_targets_by_release ON promotion_targets (release_id)",

  `CREATE TABLE tokens (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    secret_hash text COLLATE "C" NOT NULL,
    bootstrap boolean NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint
  )`,
  "CREATE UNIQUE INDEX tokens_by_secret ON tokens (secret_hash)",

  `CREATE TABLE idempotency_keys (
    token_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    input_hash text COLLATE "C" NOT NULL,
    answer text COLLATE "C",
    created_at bigint NOT NULL,
    PRIMARY KEY (token_id, key)
  )`,
  "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",

  `CREATE TABLE events (
    position bigint NOT NULL PRIMARY KEY,
    type text COLLATE "C" NOT NULL,
    occurred_at bigint NOT NULL,
    actor_name text COLLATE "C" NOT NULL,
    actor_role text COLLATE "C" NOT NULL,
    pipeline_id text COLLATE "C",
    promotion_id text COLLATE "C",
    release_id text COLLATE "C",
    context text COLLATE "C",
    detail text COLLATE "C" NOT NULL
  )`,
  "CREATE INDEX events_by_type ON events (type, position)",
  "CREATE INDEX events_by_pipeline ON events (pipeline_id, position) WHERE pipeline_id IS NOT NULL",
  "CREATE INDEX events_by_promotion ON events (promotion_id, position) WHERE promotion_id IS NOT NULL",
  "CREATE INDEX events_by_release ON events (release_id, position) WHERE release_id IS NOT NULL",

  `CREATE TABLE event_apps (
    app_id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (app_id, position)
  )`,
  "CREATE INDEX event_apps_by_position ON event_apps (position)",

  // One row: the position of the newest event, and the position up to which events were pruned.
  `CREATE TABLE event_log (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    head bigint NOT NULL,
    pruned bigint NOT NULL
  )`,
  "INSERT INTO event_log (id, head, pruned) VALUES (1, 0, 0)",

  `CREATE TABLE commit_statuses (
    repository text COLLATE "C" NOT NULL,
    commit_sha text COLLATE "C" NOT NULL,
    context text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    name text COLLATE "C",
    description text COLLATE "C",
    target_url text COLLATE "C",
    image_url text COLLATE "C",
    said_at bigint NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (repository, commit_sha, context, source)
  )`,
  "CREATE INDEX commit_statuses_by_age ON commit_statuses (received_at)",

  `CREATE TABLE webhook_deliveries (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    subject text COLLATE "C",
    subject_at bigint,
    received_at bigint NOT NULL
  )`,
  "CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (subject, subject_at) WHERE subject IS NOT NULL",
  "CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (received_at)",

  `CREATE TABLE github_reports (
    release_id text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES releases (id),
    app_id text COLLATE "C" NOT NULL REFERENCES apps (id),
    state text COLLATE "C" NOT NULL,
    deployment_id text COLLATE "C",
    told text COLLATE "C",
    uncertain boolean NOT NULL,
    attempts integer NOT NULL,
    problem text COLLATE "C",
    next_attempt_at bigint NOT NULL,
    updated_at bigint NOT NULL
  )`,
  "CREATE INDEX github_reports_due ON github_reports (next_attempt_at, release_id) WHERE state = 'PENDING'",
  "CREATE INDEX github_reports_by_app ON github_reports (app_id)",

  // At most one row: up to which event releases have been queued for GitHub.
  `CREATE TABLE github_position (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    position bigint NOT NULL
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
