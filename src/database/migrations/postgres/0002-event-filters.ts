import type { MigrationInterface, QueryRunner } from "typeorm";

/** Filters of subscriptions that the first indexes did not serve: types within a pipeline, and contexts. */
const STATEMENTS = [
  "CREATE INDEX events_by_pipeline_type ON events (pipeline_id, type, position) WHERE pipeline_id IS NOT NULL",
  "CREATE INDEX events_by_context ON events (context, position) WHERE context IS NOT NULL",
];

export class EventFilters0000000000002 implements MigrationInterface {
  readonly name = "EventFilters0000000000002";

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error("Indexes are not taken away again: they do no harm.");
  }
}
