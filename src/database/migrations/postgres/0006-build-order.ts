import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * What orders the builds of a branch: a position that is assigned when a build is registered, and what CI reports. Also
 * the component of a monorepo, and the head commit of a pull request.
 */
const STATEMENTS = [
  'ALTER TABLE pipelines ADD COLUMN component text COLLATE "C"',
  'ALTER TABLE builds ADD COLUMN component text COLLATE "C"',
  "ALTER TABLE builds ADD COLUMN sequence bigint",
  "ALTER TABLE builds ADD COLUMN committed_at bigint",
  'ALTER TABLE builds ADD COLUMN parents text COLLATE "C"',
  "ALTER TABLE builds ADD COLUMN position bigint NOT NULL DEFAULT 0",
  `UPDATE builds SET position = o.position
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS position FROM builds) o WHERE o.id = builds.id`,
  "CREATE SEQUENCE builds_position",
  "SELECT setval('builds_position', (SELECT COUNT(*) + 1 FROM builds), false)",
  "ALTER TABLE builds ALTER COLUMN position SET DEFAULT nextval('builds_position')",
  "CREATE UNIQUE INDEX builds_by_position ON builds (position)",
  "CREATE INDEX builds_of_branch ON builds (repository, branch, position)",
  "DROP INDEX builds_by_branch",
  'ALTER TABLE review_apps ADD COLUMN head_sha text COLLATE "C"',
];

export class BuildOrder0000000000006 implements MigrationInterface {
  readonly name = "BuildOrder0000000000006";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The order of builds is kept: without it, automatic deploys would go by ids again.");
  }
}
