import sql, { type RawValue, type Sql } from "sql-template-tag";
import type { Tx } from "../database/rows/tx.js";
import { LogEvent } from "../entities/history/event.js";
import type { EventApp } from "../entities/history/event-app.js";

/**
 * Appends events in one statement: it waits for the log's lock, moves the log's head, assigns positions, inserts the
 * events and notifies listeners. So it can be pipelined with the COMMIT, and no other transaction waits for a round
 * trip or a busy process.
 *
 * The statement's snapshot is older than its lock. That is safe: an UPDATE uses the newest version of its row, and
 * nothing else is read. If the row of the head is missing, positions are null, and the insert fails.
 *
 * @param lock the statement that waits for the log's lock
 * @param events with positions that count from 1
 * @param concerns with the same positions
 */
export function appendStatement(tx: Tx, lock: Sql, events: readonly LogEvent[], concerns: readonly EventApp[]): Sql {
  const table = tx.table(LogEvent);
  const rows = events.map((event) => table.toRow(event));
  // Each column is one array parameter, so the statement's text does not depend on the number of events.
  const of = (column: string) => array(rows.map((row) => row[column]));
  return sql`WITH locked AS MATERIALIZED (${lock}),
    log AS (
      UPDATE event_log SET head = head + ${events.length} FROM locked WHERE id = 1
      RETURNING head - ${events.length} AS start${tx.dialect.announce}
    ),
    appended AS (
      INSERT INTO events (position, type, occurred_at, actor_name, actor_role, actor_subject, actor_person,
        pipeline_id, promotion_id, release_id, context, detail)
      SELECT (SELECT start FROM log) + e.position, e.type, e.occurred_at, e.actor_name, e.actor_role, e.actor_subject, e.actor_person,
        e.pipeline_id, e.promotion_id, e.release_id, e.context, e.detail
      FROM unnest(
        ${of("position")}::bigint[], ${of("type")}::text[], ${of("occurred_at")}::bigint[], ${of("actor_name")}::text[],
        ${of("actor_role")}::text[], ${of("actor_subject")}::text[], ${of("actor_person")}::text[], ${of("pipeline_id")}::text[], ${of("promotion_id")}::text[],
        ${of("release_id")}::text[], ${of("context")}::text[], ${of("detail")}::text[]
      ) AS e (position, type, occurred_at, actor_name, actor_role, actor_subject, actor_person,
        pipeline_id, promotion_id, release_id, context, detail)
    )
    INSERT INTO event_apps (app_id, position)
    SELECT c.app_id, (SELECT start FROM log) + c.position
    FROM unnest(
      ${array(concerns.map((one) => one.appId))}::text[], ${array(concerns.map((one) => one.position))}::bigint[]
    ) AS c (app_id, position)`;
}

function array(values: readonly unknown[]): RawValue {
  return values as unknown as RawValue;
}
