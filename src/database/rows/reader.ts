import sql, { type RawValue, raw, type Sql } from "sql-template-tag";
import type { Scope } from "../../entities/access/token.js";
import { allOf, type Dialect, type LockMode } from "./dialect.js";
import type { EntityClass, Raw, Table, Tables, Where } from "./entity-mapper.js";
import { type RowSecurity, rowSecurity } from "./row-security.js";

/** What runs a statement: a connection of TypeORM's, or its pool. */
export interface Runner {
  query(text: string, parameters: unknown[]): Promise<unknown>;
  /** Keeps a statement for the end of the transaction, where that saves anything. */
  last?(text: string, parameters: unknown[]): void;
}

/** Counts the statements that a database was asked to run, reads and writes alike. */
export interface StatementCount {
  statements: number;
}

export interface FindOptions<T> {
  /** A property to sort by. */
  readonly order?: keyof T & string;
  readonly direction?: "ASC" | "DESC";
  readonly limit?: number;
  /** Locks the rows until the transaction ends: what is read is then what still holds when it commits. */
  readonly lock?: LockMode;
}

/** An event that a transaction has appended to the log, by what it concerns. */
export interface AppendedEvent {
  readonly type: string;
  readonly pipelineId: string | null;
  readonly apps: readonly string[];
}

/** Reads rows. What it sees is committed, unless it is a transaction's own. */
export class Reader {
  /** @param security what it may see, and what goes before each of its statements for that; null for everything */
  constructor(
    protected readonly runner: Runner,
    readonly dialect: Dialect,
    protected readonly tables: Tables,
    protected readonly statementCount: StatementCount,
    private readonly security: RowSecurity | null = null,
    private readonly prefix: Sql | null = security?.scoped ?? null,
  ) {}

  /** A reader of the same rows whose statements go through `wrap`. */
  withRunner(wrap: (runner: Runner) => Runner): Reader {
    return new Reader(wrap(this.runner), this.dialect, this.tables, this.statementCount, this.security, this.prefix);
  }

  /** A reader that sees of the rows only what a token with this scope may; null limits nothing. */
  limitedTo(scope: Scope | null): Reader {
    if (scope === null) return this;
    const sight = rowSecurity(this.dialect, this.tables.names, scope);
    return new Reader(this.runner, this.dialect, this.tables, this.statementCount, sight);
  }

  /** The reader for what somebody asks for: this one, unless it is a transaction for whoever is limited. */
  get scoped(): Reader {
    return this;
  }

  /** The reader for what a row that was seen names by its id, be it no more than history: this one, unless it is limited. */
  get referenced(): Reader {
    const { security: sight } = this;
    if (sight === null) return this;
    return new Reader(this.runner, this.dialect, this.tables, this.statementCount, sight, sight.referenced);
  }

  table<T extends object>(entity: EntityClass<T>): Table<T> {
    return this.tables.of(entity);
  }

  /** The rows of a statement as the engine gives them. */
  async query<R = Raw>(statement: Sql): Promise<R[]> {
    this.statementCount.statements += 1;
    const whole = this.prefix === null ? statement : sql`${this.prefix} ${statement}`;
    return (await this.runner.query(this.dialect.text(whole), whole.values as RawValue[])) as R[];
  }

  /** `SELECT <the entity's columns> FROM <its table> e <rest>`. */
  async select<T extends object>(entity: EntityClass<T>, rest: Sql): Promise<T[]> {
    const table = this.tables.of(entity);
    const rows = await this.query(sql`SELECT ${table.select} FROM ${raw(table.name)} e ${rest}`);
    return rows.map((row) => table.fromRow(row));
  }

  async find<T extends object>(entity: EntityClass<T>, where: Where<T>, options: FindOptions<T> = {}): Promise<T[]> {
    const table = this.tables.of(entity);
    const order =
      options.order === undefined
        ? raw("")
        : raw(`ORDER BY e.${table.column(options.order)} ${options.direction ?? "ASC"}`);
    const limit = options.limit === undefined ? raw("") : sql`LIMIT ${options.limit}`;
    const lock = options.lock === undefined ? raw("") : this.dialect.lock(options.lock);
    return this.select(entity, sql`WHERE ${allOf(table.where(where, this.dialect))} ${order} ${limit} ${lock}`);
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
    const table = this.tables.of(entity);
    const [row] = await this.query<{ total: number | string }>(
      sql`SELECT COUNT(*) AS total FROM ${raw(table.name)} e WHERE ${allOf(table.where(where, this.dialect))}`,
    );
    return Number(row?.total ?? 0);
  }
}

/**
 * One write transaction: what it reads includes what it wrote. It is of no use once its transaction has ended. It reads and
 * writes all rows, whoever it is for: what follows from a change may be beyond what they see. What they name is looked for
 * among what is `visible`.
 */
export class Tx extends Reader {
  /** What the log will tell of, once this is committed: also what a part of it appended that then failed. */
  readonly appended: AppendedEvent[];
  readonly #scoped: Reader;

  /** @param of the transaction that this is the same as, for somebody who sees no more of it than `visible` */
  constructor(
    runner: Runner,
    dialect: Dialect,
    tables: Tables,
    count: StatementCount,
    of: { readonly appended: AppendedEvent[]; readonly scoped: Reader } | null = null,
  ) {
    super(runner, dialect, tables, count);
    this.appended = of?.appended ?? [];
    this.#scoped = of?.scoped ?? this;
  }

  /** The same transaction, for whoever has this scope; null limits nothing. */
  override limitedTo(scope: Scope | null): Tx {
    if (scope === null) return this;
    const { appended } = this;
    return new Tx(this.runner, this.dialect, this.tables, this.statementCount, {
      appended,
      scoped: super.limitedTo(scope),
    });
  }

  override get scoped(): Reader {
    return this.#scoped;
  }

  /**
   * Locks rows until the transaction ends, in the order of their ids, so that no two transactions wait for each other.
   *
   * @returns whether what was read of them before may have changed; never where one transaction goes in at a time
   */
  async lock<T extends object & { id: string }>(
    entity: EntityClass<T>,
    ids: readonly string[],
    mode: LockMode,
  ): Promise<boolean> {
    if (!this.dialect.concurrent || ids.length === 0) return false;
    const { name } = this.tables.of(entity);
    const mine = this.dialect.oneOf(raw("e.id"), ids);
    await this.query(sql`SELECT e.id FROM ${raw(name)} e WHERE ${mine} ORDER BY e.id ${this.dialect.lock(mode)}`);
    return true;
  }

  /** Locks what has no row, by a name that all who mean it give it, until the transaction ends. */
  async lockName(name: string): Promise<void> {
    const statement = this.dialect.lockName(name);
    if (statement !== null) await this.query(statement);
  }

  /**
   * Runs a statement as the last of the transaction, in front of its COMMIT: whatever is locked by it is locked no longer
   * than it must be. Where that gains nothing, it is run at once. To be the last thing that is asked of a transaction.
   */
  async beforeCommit(statement: Sql): Promise<void> {
    if (this.runner.last === undefined) {
      await this.query(statement);
      return;
    }
    this.statementCount.statements += 1;
    this.runner.last(this.dialect.text(statement), statement.values as RawValue[]);
  }

  async insert<T extends object>(entity: EntityClass<T>, rows: readonly T[]): Promise<void> {
    const table = this.tables.of(entity);
    for (let start = 0; start < rows.length; start += table.rowsPerInsert) {
      await this.query(table.insert(rows.slice(start, start + table.rowsPerInsert)));
    }
  }

  /** Changes the rows that match; the instance in hand is the caller's to change. */
  async update<T extends object>(entity: EntityClass<T>, where: Where<T>, patch: Partial<T>): Promise<void> {
    const table = this.tables.of(entity);
    await this.query(
      sql`UPDATE ${raw(table.name)} AS e SET ${table.set(patch)} WHERE ${allOf(table.where(where, this.dialect))}`,
    );
  }

  async delete<T extends object>(entity: EntityClass<T>, where: Where<T>): Promise<void> {
    await this.deleteWhere(entity, allOf(this.tables.of(entity).where(where, this.dialect)));
  }

  /** Removes the rows of the alias `e` that a condition holds for. */
  async deleteWhere<T extends object>(entity: EntityClass<T>, condition: Sql): Promise<void> {
    await this.query(sql`DELETE FROM ${raw(this.tables.of(entity).name)} AS e WHERE ${condition}`);
  }
}
