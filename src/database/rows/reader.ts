import sql, { type RawValue, raw, type Sql } from "sql-template-tag";
import type { Scope } from "../../entities/access/token.js";
import { allOf, type Dialect, type LockMode } from "./dialect.js";
import type { EntityClass, Raw, Table, Tables, Where } from "./entity-mapper.js";
import { type Columns, TOTAL } from "./raw-rows.js";
import type { RowBudget } from "./row-budget.js";
import { type RowSecurity, rowSecurity } from "./row-security.js";

/** Runs statements: a connection, a pool or a transaction. */
export interface Runner {
  query(text: string, parameters: unknown[]): Promise<unknown>;
}

/** Counts the statements that a database ran, reads and writes. */
export interface StatementCount {
  statements: number;
}

export interface FindOptions<T> {
  /** A property to sort by. */
  readonly order?: keyof T & string;
  readonly direction?: "ASC" | "DESC";
  readonly limit?: number;
  /** Locks the rows until the transaction ends, so that they cannot change before it commits. */
  readonly lock?: LockMode;
}

/** Reads rows. It sees committed rows and, in a transaction, those of the transaction. */
export class Reader {
  /** @param security the row security of a restricted viewer; null if unrestricted */
  constructor(
    protected readonly runner: Runner,
    readonly dialect: Dialect,
    protected readonly tables: Tables,
    protected readonly statementCount: StatementCount,
    private readonly security: RowSecurity | null = null,
    private readonly prefix: Sql | null = security?.scoped ?? null,
    /** The budget of the operation that reads; null without one, as in transactions. */
    readonly budget: RowBudget | null = null,
  ) {}

  /** A reader of the same rows whose statements go through `wrap`. */
  withRunner(wrap: (runner: Runner) => Runner): Reader {
    return this.#copy({ runner: wrap(this.runner) });
  }

  /** A reader of the rows that a token with this scope may see; null if unrestricted. */
  limitedTo(scope: Scope | null): Reader {
    if (scope === null) return this;
    const security = rowSecurity(this.dialect, this.tables.names, scope);
    return this.#copy({ security, prefix: security.scoped });
  }

  /** A reader of the same rows that charges them to the budget of an operation. */
  chargedTo(budget: RowBudget): Reader {
    return this.#copy({ budget });
  }

  /** The reader for rows that the viewer names: this one, except in a transaction of a restricted viewer. */
  get scoped(): Reader {
    return this;
  }

  /** The reader for rows that a visible row refers to, for example through history: this one if unrestricted. */
  get referenced(): Reader {
    return this.security === null ? this : this.#copy({ prefix: this.security.referenced });
  }

  #copy(changed: { runner?: Runner; security?: RowSecurity; prefix?: Sql; budget?: RowBudget }): Reader {
    const { runner, security, prefix, budget } = this;
    const own = { runner, security, prefix, budget, ...changed };
    return new Reader(own.runner, this.dialect, this.tables, this.statementCount, own.security, own.prefix, own.budget);
  }

  table<T extends object>(entity: EntityClass<T>): Table<T> {
    return this.tables.of(entity);
  }

  /**
   * Runs a statement that returns rows.
   *
   * @param name the purpose of the statement, for example `current_releases`. It is sent as a leading comment, which
   *   logs and `pg_stat_activity` show.
   * @param columns the columns that the caller uses
   * @throws Error if a column holds something else
   */
  async query<Row>(name: string, columns: Columns<Row>, statement: Sql): Promise<(Row & Raw)[]> {
    return columns.check(name, this.#charge((await this.run(name, statement)) as Raw[]));
  }

  /** Runs a statement that returns all columns of the entity's table, from the alias `e`. */
  async queryEntities<T extends object>(name: string, entity: EntityClass<T>, statement: Sql): Promise<T[]> {
    const table = this.tables.of(entity);
    return this.#charge((await this.run(name, statement)) as Raw[]).map((row) => table.fromRow(row));
  }

  #charge(rows: Raw[]): Raw[] {
    this.budget?.addLoaded(rows.length);
    return rows;
  }

  /** `SELECT <the entity's columns> FROM <its table> e <rest>`. */
  async select<T extends object>(name: string, entity: EntityClass<T>, rest: Sql): Promise<T[]> {
    const table = this.tables.of(entity);
    return this.queryEntities(name, entity, sql`SELECT ${table.select} FROM ${raw(table.name)} e ${rest}`);
  }

  /** Runs a statement, and returns the result of the engine. */
  protected run(name: string, statement: Sql): Promise<unknown> {
    this.statementCount.statements += 1;
    const whole = this.prefix === null ? statement : sql`${this.prefix} ${statement}`;
    return this.runner.query(named(name, this.dialect.text(whole)), whole.values as RawValue[]);
  }

  async find<T extends object>(entity: EntityClass<T>, where: Where<T>, options: FindOptions<T> = {}): Promise<T[]> {
    const table = this.tables.of(entity);
    const order =
      options.order === undefined
        ? raw("")
        : raw(`ORDER BY e.${table.column(options.order)} ${options.direction ?? "ASC"}`);
    const limit = options.limit === undefined ? raw("") : sql`LIMIT ${options.limit}`;
    const lock = options.lock === undefined ? raw("") : this.dialect.lock(options.lock);
    return this.select(
      `find_${table.name}`,
      entity,
      sql`WHERE ${allOf(table.where(where, this.dialect))} ${order} ${limit} ${lock}`,
    );
  }

  async first<T extends object>(
    entity: EntityClass<T>,
    where: Where<T>,
    options: FindOptions<T> = {},
  ): Promise<T | null> {
    const [row] = await this.find(entity, where, { ...options, limit: 1 });
    return row ?? null;
  }

  async count<T extends object>(entity: EntityClass<T>, where: Where<T>): Promise<number> {
    return this.countWhere(entity, allOf(this.tables.of(entity).where(where, this.dialect)));
  }

  /** Counts the rows of the alias `e` that match a condition. */
  async countWhere<T extends object>(entity: EntityClass<T>, condition: Sql): Promise<number> {
    const { name } = this.tables.of(entity);
    const [row] = await this.query(
      `count_${name}`,
      TOTAL,
      sql`SELECT COUNT(*) AS total FROM ${raw(name)} e WHERE ${condition}`,
    );
    return row?.total ?? 0;
  }
}

/** The text of a statement with its name as the leading comment. */
export function named(name: string, text: string): string {
  return `/* ${name} */ ${text}`;
}
