import sql, { join, raw, type Sql } from "sql-template-tag";
import type { Scope } from "../../entities/access/token.js";
import type { Dialect } from "./dialect.js";

/*
 * Row security of tokens that are restricted to pipelines. Every statement of a restricted reader begins with CTEs that
 * shadow the tables: `FROM releases` then means the visible releases, in every statement, including those that are
 * still to be written. So code that reads rows cannot bypass it by mistake. Unrestricted readers run their statements
 * unchanged.
 */

/** The CTEs in front of a statement. */
export interface RowSecurity {
  /** For lookups and lists: only visible rows. */
  readonly scoped: Sql;
  /**
   * For rows that a visible row refers to by id. History may refer to an app that has left its pipeline, and to a
   * release on it: those are included with no more than history shows. Other tables are empty.
   */
  readonly referenced: Sql;
}

/**
 * A table, and the condition for its visible rows `t`. A condition may use the tables of earlier rules, which contain
 * only visible rows.
 */
type Rule = readonly [table: string, condition: Sql];

const IN_SCOPE = raw("(SELECT id FROM pipelines)");
const COUPLED = raw("(SELECT app_id FROM couplings)");

function scopedRules(dialect: Dialect, scope: Scope): readonly Rule[] {
  return [
    ["pipelines", sql`${dialect.oneOf(raw("t.id"), scope)} AND t.deleted_at IS NULL`],
    ["couplings", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["review_apps", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["stage_policies", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["apps", sql`t.id IN ${COUPLED}`],
    ["config_vars", sql`t.app_id IN ${COUPLED}`],
    ["config_keys", sql`t.subject_id IN ${COUPLED}`],
    ["config_values", sql`t.app_id IN ${COUPLED}`],
    ["releases", sql`t.app_id IN ${COUPLED}`],
    ["github_reports", sql`t.app_id IN ${COUPLED}`],
    // EXISTS instead of IN: it is evaluated for each row, while IN would list everything that was ever released.
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
    ["quarantines", sql`EXISTS (SELECT 1 FROM builds b WHERE b.id = t.build_id)`],
    ["repository_names", sql`t.current_name IN (SELECT repository FROM pipelines)`],
    ["promotions", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["approval_rules", sql`t.pipeline_id IN ${IN_SCOPE}`],
    ["approvals", sql`EXISTS (SELECT 1 FROM promotions p WHERE p.id = t.promotion_id)`],
    ["promotion_targets", sql`EXISTS (SELECT 1 FROM promotions p WHERE p.id = t.promotion_id)`],
    // Those that apply to a visible pipeline or app, or to all.
    ["deployment_windows", appliesHere(dialect)],
    ["freezes", appliesHere(dialect)],
    ["freeze_exemptions", sql`t.freeze_id IN (SELECT id FROM freezes)`],
    [
      "gate_scopes",
      sql`CASE t.kind WHEN 'PIPELINE' THEN t.subject IN ${IN_SCOPE} WHEN 'APP' THEN t.subject IN ${COUPLED} ELSE 1 = 1 END`,
    ],
    // CASE, so that the statement's own index is scanned and this is evaluated on its results.
    [
      "events",
      sql`CASE WHEN t.pipeline_id IS NOT NULL THEN t.pipeline_id IN ${IN_SCOPE}
        WHEN t.type IN ('BUILD_CREATED', 'BUILD_UPDATED')
          THEN EXISTS (SELECT 1 FROM builds b WHERE b.id = ${dialect.textIn(raw("t.detail"), "subjectId")})
        WHEN t.type LIKE 'WINDOW_%' OR t.type LIKE 'FREEZE_%' OR t.type LIKE 'GATE_%'
          THEN ${dialect.textIn(raw("t.detail"), "subjectId")} IN
            (SELECT id FROM deployment_windows UNION ALL SELECT id FROM freezes)
        ELSE 1 = 0 END`,
    ],
    [
      "webhooks",
      sql`t.pipeline_ids IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM ${dialect.listElements(raw("t.pipeline_ids"), "p")} WHERE NOT (${dialect.oneOf(raw("p.value"), scope)})
      )`,
    ],
    ["outgoing_deliveries", sql`EXISTS (SELECT 1 FROM webhooks w WHERE w.id = t.webhook_id)`],
    ["webhook_queue", sql`EXISTS (SELECT 1 FROM webhooks w WHERE w.id = t.webhook_id)`],
  ];
}

/** Whether each non-empty list in the scope of a window or freeze names something visible. */
function appliesHere(dialect: Dialect): Sql {
  const names = (kind: string, visible: Sql) => {
    const entries = sql`SELECT 1 FROM ${dialect.shadowed("gate_scopes")} s WHERE s.gate_id = t.id AND s.kind = ${raw(`'${kind}'`)}`;
    return sql`(NOT EXISTS (${entries}) OR EXISTS (${entries} AND s.subject IN ${visible}))`;
  };
  return sql`${names("PIPELINE", IN_SCOPE)} AND ${names("APP", COUPLED)}`;
}

/** Tables that restricted viewers cannot read. */
const DENIED = [
  "commit_statuses",
  "github_position",
  "held_deploys",
  "idempotency_keys",
  "tokens",
  "webhook_deliveries",
];

/** Tables that are read unchanged: positions in the log, which show nothing without their events. */
const UNRESTRICTED = ["event_apps"];

const OF_VISIBLE_APP = sql`t.app_id IN ${COUPLED}`;

/** The outcome of a release is part of the promotion that created it. */
const OUTCOME_IS_VISIBLE = sql`${OF_VISIBLE_APP} OR EXISTS (SELECT 1 FROM promotions p WHERE p.id = t.promotion_id)`;

/** Lists each column, so that a new column is hidden until it is added here. */
const REFERENCED_APP = sql`SELECT t.id, t.name, t.created_at, t.deleted_at,
  ${ifVisible("description", "''")}, ${ifVisible("region", "NULL")},
  ${ifVisible("deployment_mode", "'IMMEDIATE'")}, ${ifVisible("deploy_timeout", "NULL")}, ${ifVisible("auto_deploy", "1 = 1")},
  ${ifVisible("config_version", "0")},
  ${ifVisible("updated_at", "t.created_at")}, ${ifVisible("position", "0")}, ${ifVisible("updated_position", "0")}`;

const REFERENCED_RELEASE = sql`SELECT t.id, t.app_id, t.build_id, t.version, t.phase, t."trigger", t.description,
  t.promotion_id, t.created_by_name, t.created_by_role, t.created_by_subject, t.created_by_person, t.created_at, NULL AS deploy_deadline, t.timed_out,
  CASE WHEN ${OF_VISIBLE_APP} THEN t.position ELSE 0 END AS position,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.during_freeze_id ELSE NULL END AS during_freeze_id,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.failure_reason ELSE NULL END AS failure_reason,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.forced ELSE 1 = 0 END AS forced,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.reason ELSE NULL END AS reason,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.cancel_requested_at ELSE NULL END AS cancel_requested_at,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.config_version ELSE NULL END AS config_version,
  NULL AS verification, NULL AS verify_by, NULL AS verification_failed_at,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.verification_state ELSE NULL END AS verification_state,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.verification_problem ELSE NULL END AS verification_problem,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.verified_at ELSE NULL END AS verified_at,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.succeeded_at ELSE NULL END AS succeeded_at,
  CASE WHEN ${OUTCOME_IS_VISIBLE} THEN t.updated_at ELSE t.created_at END AS updated_at`;

function ifVisible(column: string, instead: string): Sql {
  return raw(`CASE WHEN t.id IN ${COUPLED.sql} THEN t.${column} ELSE ${instead} END AS ${column}`);
}

/**
 * The row security of a scope.
 *
 * @param tables the names of all tables
 * @throws Error if no rule covers a table
 */
export function rowSecurity(dialect: Dialect, tables: readonly string[], scope: Scope): RowSecurity {
  const rules = scopedRules(dialect, scope);
  const ruled = new Set([...rules.map(([table]) => table), ...DENIED, ...UNRESTRICTED]);
  for (const table of tables) {
    if (!ruled.has(table)) throw new Error(`No rule of row security covers the table ${table}.`);
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

/** The tables that decide which columns of a referenced row are visible. */
const REFERENCED_AS_SCOPED = new Set(["pipelines", "couplings", "promotions"]);
/** Builds are visible completely: a released build never changes. */
const REFERENCED = new Set([...REFERENCED_AS_SCOPED, "apps", "releases", "builds"]);
