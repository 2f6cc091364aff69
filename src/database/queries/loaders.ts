import DataLoader from "dataloader";
import sql, { raw, type Sql } from "sql-template-tag";
import { Build } from "../../entities/builds/build.js";
import { Quarantine } from "../../entities/builds/quarantine.js";
import { ConfigVar } from "../../entities/config-vars/config-var.js";
import { Approval } from "../../entities/gates/approval.js";
import { ApprovalRule } from "../../entities/gates/approval-rule.js";
import { Freeze, FreezeExemption } from "../../entities/gates/freeze.js";
import { StagePolicy } from "../../entities/gates/stage-policy.js";
import { GithubReport } from "../../entities/github/github-report.js";
import { App } from "../../entities/pipelines/app.js";
import type { AvailableCheck } from "../../entities/pipelines/available-check.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { allOf } from "../rows/dialect.js";
import type { EntityClass } from "../rows/entity-mapper.js";
import { type Order, type Page, type PageRequest, readPages } from "../rows/pages.js";
import { columns } from "../rows/raw-rows.js";
import type { Reader } from "../rows/reader.js";
import { checkRows, limitTo, type RowBudget } from "../rows/row-budget.js";
import { availableChecks } from "./available-checks.js";
import { currentReleases } from "./current-releases.js";
import { effectiveStatuses } from "./effective-statuses.js";
import { isRolledBack, latestReleases } from "./latest-releases.js";

/**
 * Loads related rows in batches: requests in the same turn of the event loop share one statement. Loaders cache rows,
 * so a set of them must serve only one operation.
 */
export type Loaders = ReturnType<typeof createLoaders>;

/**
 * @param time returns the time at which gates are evaluated
 * @param budget bounds the rows of each statement; null for no bound
 */
export function createLoaders(reader: Reader, time: () => Promise<Date>, budget: RowBudget | null) {
  const rows = rowsById(reader);
  return {
    ...rows,
    /** Rows that a visible row refers to. A restricted viewer may see these through history, but not look them up. */
    referenced: reader.referenced === reader ? rows : rowsById(reader.referenced),
    pipeline: byId(reader, Pipeline),
    coupling: byId(reader, Coupling),
    releaseStatus: byId(reader, ReleaseStatus),
    promotion: byId(reader, Promotion),
    freeze: byId(reader, Freeze),
    promotionTarget: byId(reader, PromotionTarget),
    approval: byId(reader, Approval),
    approvalRule: byId(reader, ApprovalRule),
    couplingOfApp: one(reader, Coupling, "appId"),
    reviewAppOfApp: one(reader, ReviewApp, "appId"),
    githubReportOfRelease: one(reader, GithubReport, "releaseId"),
    couplingsOfPipeline: many(reader, budget, Coupling, "pipelineId", "position"),
    policiesOfPipeline: many(reader, budget, StagePolicy, "pipelineId", "stage"),
    exemptionsOfFreeze: many(reader, budget, FreezeExemption, "freezeId", "createdAt"),
    quarantinesOfBuild: many(reader, budget, Quarantine, "buildId", "createdAt"),
    configOfApp: many(reader, budget, ConfigVar, "appId", "key"),
    reviewAppsOfPipeline: many(reader, budget, ReviewApp, "pipelineId", "number"),
    approvalRulesOfPipeline: many(reader, budget, ApprovalRule, "pipelineId", "position"),
    approvalsOfPromotion: many(reader, budget, Approval, "promotionId", "position"),
    targetsOfPromotion: many(reader, budget, PromotionTarget, "promotionId", "position"),
    currentReleaseOfApp: new DataLoader<string, Release | null>(async (appIds) => {
      const current = await currentReleases(reader, appIds);
      return appIds.map((id) => current.get(id) ?? null);
    }),
    isRolledBack: new DataLoader<string, boolean>(async (appIds) => {
      const latest = await latestReleases(reader, appIds);
      return appIds.map((id) => isRolledBack(latest.get(id)));
    }),
    statusesOfRelease: new DataLoader<Release, readonly ReleaseStatus[], string>(
      (releases) => effectiveStatuses(reader, releases, budget),
      { cacheKeyFn: (release) => release.id },
    ),
    availableChecks: new DataLoader<string, readonly AvailableCheck[]>((ids) => availableChecks(reader, ids, budget)),
    pages: new PageLoaders(reader, budget),
    computed: new ComputedLoaders(reader, time),
  };
}

function rowsById(reader: Reader) {
  return { app: byId(reader, App), build: byId(reader, Build), release: byId(reader, Release) };
}

const TOTALS = columns({ parent: "text", total: "integer" });

/** Loaders of nested lists: one for each list, page and filter of an operation. */
class PageLoaders {
  readonly #reader: Reader;
  readonly #budget: RowBudget | null;
  readonly #loaders = new Map<string, DataLoader<string, unknown>>();

  constructor(reader: Reader, budget: RowBudget | null) {
    this.#reader = reader;
    this.#budget = budget;
  }

  /**
   * @param parent the property of the rows that refers to the parent
   * @param filter a key that distinguishes filters, and its conditions on the alias `c`
   */
  load<T extends object>(
    order: Order<T>,
    parent: keyof T & string,
    id: string,
    request: PageRequest,
    filter: Filter = NO_FILTER,
  ): Promise<Page<T>> {
    const key = JSON.stringify([order.entity.name, order.by, order.direction, parent, request, filter.key]);
    const read = (ids: readonly string[]) =>
      readPages(this.#reader, order, parent, ids, request, filter.conditions, this.#budget);
    return this.#loader(key, read).load(id) as Promise<Page<T>>;
  }

  /**
   * How many rows belong to a parent.
   *
   * @param filter a key that distinguishes filters, and its conditions on the alias `e`
   */
  count<T extends object>(
    entity: EntityClass<T>,
    parent: keyof T & string,
    id: string,
    filter: Filter = NO_FILTER,
  ): Promise<number> {
    return this.#loader(`count ${entity.name} ${parent} ${filter.key}`, async (ids) => {
      const table = this.#reader.table(entity);
      const column = raw(`e.${table.column(parent)}`);
      const rows = await this.#reader.query(
        `count_${table.name}_by_parent`,
        TOTALS,
        sql`SELECT ${column} AS parent, COUNT(*) AS total FROM ${raw(table.name)} e
          WHERE ${allOf([this.#reader.dialect.oneOf(column, ids), ...filter.conditions])} GROUP BY ${column}`,
      );
      const totals = new Map(rows.map((row) => [row.parent, row.total]));
      return ids.map((parentId) => totals.get(parentId) ?? 0);
    }).load(id) as Promise<number>;
  }

  #loader(key: string, batch: (ids: readonly string[]) => Promise<unknown[]>): DataLoader<string, unknown> {
    let loader = this.#loaders.get(key);
    if (loader === undefined) {
      loader = new DataLoader<string, unknown>(batch);
      this.#loaders.set(key, loader);
    }
    return loader;
  }
}

/** Computes values for many keys at once. The result is aligned with `keys`. */
type Computation<K, V> = (reader: Reader, keys: readonly K[], now: Date) => Promise<readonly V[]>;

/** Loaders of values that the domain computes from rows: one for each computation of an operation. */
class ComputedLoaders {
  readonly #reader: Reader;
  readonly #time: () => Promise<Date>;
  readonly #loaders = new Map<Computation<never, unknown>, DataLoader<unknown, unknown>>();

  constructor(reader: Reader, time: () => Promise<Date>) {
    this.#reader = reader;
    this.#time = time;
  }

  load<K, V>(compute: Computation<K, V>, key: K): Promise<V> {
    let loader = this.#loaders.get(compute) as DataLoader<K, V> | undefined;
    if (loader === undefined) {
      loader = new DataLoader<K, V>(async (keys) => compute(this.#reader, keys, await this.#time()));
      this.#loaders.set(compute, loader as DataLoader<unknown, unknown>);
    }
    return loader.load(key);
  }
}

/** Conditions on the rows of a nested list, and a key that distinguishes them from those of other lists. */
interface Filter {
  readonly key: string;
  readonly conditions: readonly Sql[];
}

const NO_FILTER: Filter = { key: "", conditions: [] };

function byId<T extends object & { id: string }>(reader: Reader, entity: EntityClass<T>): DataLoader<string, T | null> {
  return one(reader, entity, "id" as keyof T & string);
}

/** The row whose `property` is the key, or null. */
function one<T extends object>(
  reader: Reader,
  entity: EntityClass<T>,
  property: keyof T & string,
): DataLoader<string, T | null> {
  return new DataLoader<string, T | null>(async (keys) => {
    const rows = await loadRows(reader, entity, property, keys);
    const found = new Map(rows.map((row) => [row[property] as string, row]));
    return keys.map((key) => found.get(key) ?? null);
  });
}

/** The rows whose `property` is the key, sorted by another one. */
function many<T extends object>(
  reader: Reader,
  budget: RowBudget | null,
  entity: EntityClass<T>,
  property: keyof T & string,
  order: keyof T & string,
): DataLoader<string, readonly T[]> {
  return new DataLoader<string, readonly T[]>(async (keys) => {
    // Sorted here: with ORDER BY on the primary key, SQLite may scan the whole table for a few rows.
    const rows = checkRows(budget, await loadRows(reader, entity, property, keys, budget));
    rows.sort((a, b) => (a[order] < b[order] ? -1 : 1));
    const lists = new Map<string, T[]>(keys.map((key) => [key, []]));
    for (const row of rows) lists.get(row[property] as string)?.push(row);
    return keys.map((key) => lists.get(key) ?? []);
  });
}

function loadRows<T extends object>(
  reader: Reader,
  entity: EntityClass<T>,
  property: keyof T & string,
  keys: readonly string[],
  budget: RowBudget | null = null,
): Promise<T[]> {
  const table = reader.table(entity);
  const mine = reader.dialect.oneOf(raw(`e.${table.column(property)}`), keys);
  return reader.select(`load_${table.name}`, entity, sql`WHERE ${mine} ${limitTo(budget)}`);
}
