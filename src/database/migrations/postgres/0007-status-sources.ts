import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * The sources of commit statuses no longer contain names: `status ci/build` becomes `status`, and `run ci build` becomes
 * `run ci`. Of statuses that then have one source, the latest stays.
 */
const SOURCE = `CASE WHEN source LIKE 'status %' THEN 'status'
  ELSE rtrim('run ' || split_part(source, ' ', 2)) END`;

const STATEMENTS = [
  `DELETE FROM commit_statuses WHERE (repository, commit_sha, context, source) IN (
    SELECT repository, commit_sha, context, source FROM (
      SELECT repository, commit_sha, context, source, ROW_NUMBER() OVER (
        PARTITION BY repository, commit_sha, context, ${SOURCE} ORDER BY said_at DESC, received_at DESC, source
      ) AS place FROM commit_statuses WHERE source LIKE 'status %' OR source LIKE 'run % %'
    ) ranked WHERE place > 1)`,
  `UPDATE commit_statuses SET source = ${SOURCE} WHERE source LIKE 'status %' OR source LIKE 'run % %'`,
];

export class StatusSources0000000000007 implements MigrationInterface {
  readonly name = "StatusSources0000000000007";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("The sources stay as they are: the names that they contained are gone.");
  }
}
