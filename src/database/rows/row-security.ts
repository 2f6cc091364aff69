import sql, { join, raw, type Sql } from "sql-template-tag";
import type { Scope } from "../../entities/access/token.js";
import type { Dialect } from "./dialect.js";

/*
 * What a token that is limited to pipelines may see. Every statement of a limited reader begins with definitions that take
 * the places of the tables: `FROM releases` then means the releases that are visible, in whichever statement it stands, be
 * it a list, a count, a join or one that is still to be written. So nobody who reads has to think of it, and nobody can
 * forget to. Readers that are not limited run the very statements that they are given.
 */

/** The definitions that go before a statement. */
export interface RowSecurity {
  /** For whatever looks for rows: only visible ones are there. */
  readonly scoped: Sql;
  /**
   * For rows that a visible row names by their id. History may name an app that has left its pipeline, and a release on
   * it: those are there as well, but with no more than what history tells. Of other tables there is nothing.
   */
  readonly referenced: Sql;
}

/** A table, and which of its rows `t` are visible. A rule may go by the tables above its own, as they are visible. */
type Rule = readonly [table: string, condition: Sql];

const IN_SCOPE = raw("(SELECT id FROM pipelines)");
const COUPLED = raw("(SELECT app_id FROM couplings)");

function scopedRules(dialect: Dialect, scope: Scope): readonly Rule[] {
  return [
    ["pipelines", sql`${dialect.oneOf(raw("t.id"), scope)} AND t.deleted_at IS NULL`],
    ["couplings", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["review_apps", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["apps", sql`t.id IN ${COUPLED}`],
    ["releases", sql`t.app_id IN ${COUPLED}`],
    ["github_reports", sql`t.app_id IN ${COUPLED}`],
    // EXISTS, and not IN: it is asked of each row, where a list of everything ever released would have to be made first.
    [
      "builds",
      sql`t.repository IN (SELECT repository FROM pipelines)
        OR EXISTS (SELECT 1 FROM releases r WHERE r.build_id = t.id)`,
    ],
    [
      "release_statuses",
      sql`CASE WHEN t.release_id IS NULL THEN EXISTS (SELECT 1 FROM builds b WHERE b.id = t.build_id)
        ELSE EXISTS (SELECT 1 FROM releases r WHERE r.id = t.release_id) END`,
    ],
    ["promotions", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["promotion_targets", sql`EXISTS (SELECT 1 FROM promotions p WHERE p.id = t.promotion_id)`],
    // CASE, so that the log is walked by the index that the statement asks for, and this is held against what it finds.
    [
      "events",
      sql`CASE WHEN t.pipeline_id IS NOT NULL THEN t.pipeline_id IN ${IN_SCOPE}
        WHEN t.type IN ('BUILD_CREATED', 'BUILD_UPDATED')
          THEN EXISTS (SELECT 1 FROM builds b WHERE b.id = ${dialect.textIn(raw("t.detail"), "subjectId")})
        ELSE 1 = 0 END`,
    ],
  ];
}

/** What nobody who is limited reads. */
const DENIED = ["commit_statuses", "github_position", "idempotency_keys", "tokens", "webhook_deliveries"];

/** What is read as it is: places in the log, which tell nothing without their events. */
const UNRESTRICTED = ["event_apps"];

const OF_VISIBLE_APP = sql`t.app_id IN ${COUPLED}`;

/** What became of a release is part of the promotion that made it. */
const OUTCOME_IS_VISIBLE = sql`${OF_VISIBLE_APP} OR EXISTS (SELECT 1 FROM promotions p WHERE p.id = t.promotion_id)`;

/** Each column by itself, so that one that is added later is not told before somebody has said that it may be. */
const REFERENCED_APP = sql`SELECT t.id, t.name, t.created_at, t.deleted_at,
  ${ifVisible("description", "''")}, ${ifVisible("region", "NULL")},
  ${ifVisible("deployment_mode", "'IMMEDIATE'")}, ${ifVisible("updated_at", "t.created_at")}`;

const REFERENCED_RELEASE = sql`SELECT t.id, t.app_id, t.build_id, t.version, t.phase, t."trigger", t.description,
  t.promotion_id, t.created_by_name, t.created_by_role, t.created_at, NULL AS deploy_deadline, t.timed_out,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.failure_reason ELSE NULL END AS failure_reason,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.updated_at ELSE t.created_at END AS updated_at`;

function ifVisible(column: string, instead: string): Sql {
  return raw(`CASE WHEN t.id IN ${COUPLED.sql} THEN t.${column} ELSE ${instead} END AS ${column}`);
}

/**
 * What is visible where the scope is this one.
 *
 * @param tables the names of all tables
 * @throws Error where no rule says of a table who may see it
 */
export function rowSecurity(dialect: Dialect, tables: readonly string[], scope: Scope): RowSecurity {
  const rules = scopedRules(dialect, scope);
  const ruled = new Set([...rules.map(([table]) => table), ...DENIED, ...UNRESTRICTED]);
  for (const table of tables) {
    if (!ruled.has(table)) throw new Error(`Nothing says which rows of ${table} a limited token may see.`);
  }
  const all = raw("SELECT t.*");
  const shown = (table: string, columns: Sql, condition: Sql) =>
    sql`${raw(table)} AS NOT MATERIALIZED (${columns} FROM ${dialect.shadowed(table)} t WHERE ${condition})`;
  const hidden = (table: string) => shown(table, all, raw("1 = 0"));
  const visible = rules.map(([table, condition]) => shown(table, all, condition));
  const rest = rules.map(([table]) => table).filter((table) => !REFERENCED.has(table));
  const named = [
    ...rules.flatMap(([table, condition]) => (REFERENCED_AS_SCOPED.has(table) ? [shown(table, all, condition)] : [])),
    shown("apps", REFERENCED_APP, raw("1 = 1")),
    shown("releases", REFERENCED_RELEASE, raw("1 = 1")),
    ...rest.map(hidden),
  ];
  const before = (definitions: readonly Sql[]) => sql`WITH ${join([...definitions, ...DENIED.map(hidden)], ", ")}`;
  return { scoped: before(visible), referenced: before(named) };
}

/** What the columns of a named row are judged by. */
const REFERENCED_AS_SCOPED = new Set(["pipelines", "couplings", "promotions"]);
/** A build is told whole: one that was released never changes again. */
const REFERENCED = new Set([...REFERENCED_AS_SCOPED, "apps", "releases", "builds"]);
