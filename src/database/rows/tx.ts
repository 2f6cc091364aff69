import sql, { type RawValue, raw, type Sql } from "sql-template-tag";
import type { Scope } from "../../entities/access/token.js";
import type { AppendedEvent } from "../changes.js";
import { allOf, type Dialect, type LockMode } from "./dialect.js";
import type { EntityClass, Tables, Where } from "./entity-mapper.js";
import { named, Reader, type StatementCount } from "./reader.js";
import { type RowSecurity, rowSecurity } from "./row-security.js";
import type { Transaction } from "./transaction.js";

/**
 * A write transaction, as a value: code that receives it is part of the transaction. It reads its own writes, and is
 * unusable after the transaction has ended and while a savepoint of it is open. It reads and writes all rows, for every
 * viewer: effects of a change may be outside the viewer's scope. Rows that the viewer names are looked up with
 * `scoped`.
 */
export class Tx extends Reader {
  /** The events that the transaction appended, including those of savepoints that were rolled back. */
  readonly appended: AppendedEvent[];
  readonly #transaction: Transaction;
  readonly #viewerSecurity: RowSecurity | null;
  readonly #scoped: Reader;

  /** @param viewerSecurity restricts `scoped` to what the viewer sees; null if unrestricted */
  constructor(
    transaction: Transaction,
    dialect: Dialect,
    tables: Tables,
    count: StatementCount,
    appended: AppendedEvent[] = [],
    viewerSecurity: RowSecurity | null = null,
    /** Whether an earlier attempt of the same work failed and is retried, for example because of a StaleRead. */
    readonly retried = false,
  ) {
    super(transaction, dialect, tables, count);
    this.appended = appended;
    this.#transaction = transaction;
    this.#viewerSecurity = viewerSecurity;
    this.#scoped = viewerSecurity === null ? this : new Reader(transaction, dialect, tables, count, viewerSecurity);
  }

  /** The same transaction for a viewer with this scope; null if unrestricted. */
  override limitedTo(scope: Scope | null): Tx {
    if (scope === null) return this;
    return this.#in(this.#transaction, rowSecurity(this.dialect, this.tables.names, scope));
  }

  override get scoped(): Reader {
    return this.#scoped;
  }

  /**
   * Runs `work` in a savepoint: if it throws, its writes are undone, and the transaction continues. `work` must use the
   * `tx` that it receives. Until it ends, this one refuses statements.
   */
  savepoint<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#transaction.savepoint((inner) => work(this.#in(inner, this.#viewerSecurity)));
  }

  #in(transaction: Transaction, viewerSecurity: RowSecurity | null): Tx {
    return new Tx(
      transaction,
      this.dialect,
      this.tables,
      this.statementCount,
      this.appended,
      viewerSecurity,
      this.retried,
    );
  }

  /**
   * Locks rows until the transaction ends, in the order of their ids, so that transactions do not deadlock.
   *
   * @returns whether rows that were read before may have changed; false where transactions run one at a time
   */
  async lock<T extends object & { id: string }>(
    entity: EntityClass<T>,
    ids: readonly string[],
    mode: LockMode,
  ): Promise<boolean> {
    if (!this.dialect.concurrent || ids.length === 0) return false;
    const { name } = this.tables.of(entity);
    const mine = this.dialect.oneOf(raw("e.id"), ids);
    await this.execute(
      `lock_${name}`,
      sql`SELECT e.id FROM ${raw(name)} e WHERE ${mine} ORDER BY e.id ${this.dialect.lock(mode)}`,
    );
    return true;
  }

  /** Runs a statement without using its rows. See `query` for `name`. */
  async execute(name: string, statement: Sql): Promise<void> {
    await this.run(name, statement);
  }

  /** Locks a name until the transaction ends, for things without a row. */
  async lockName(name: string, mode: LockMode = "change"): Promise<void> {
    const statement = this.dialect.lockName(name, mode);
    if (statement !== null) await this.execute("lock_name", statement);
  }

  /**
   * Runs a statement as the last of the transaction, right before COMMIT, so that its locks are held as briefly as
   * possible. Runs it immediately if the engine does not defer statements. Must be the last call on a transaction.
   */
  async beforeCommit(name: string, statement: Sql): Promise<void> {
    this.statementCount.statements += 1;
    await this.#transaction.beforeCommit(named(name, this.dialect.text(statement)), statement.values as RawValue[]);
  }

  async insert<T extends object>(entity: EntityClass<T>, rows: readonly T[]): Promise<void> {
    const table = this.tables.of(entity);
    for (let start = 0; start < rows.length; start += table.rowsPerInsert) {
      await this.execute(`insert_${table.name}`, table.insert(rows.slice(start, start + table.rowsPerInsert)));
    }
  }

  /** Updates matching rows. The caller must update instances in memory. */
  async update<T extends object>(entity: EntityClass<T>, where: Where<T>, patch: Partial<T>): Promise<void> {
    const table = this.tables.of(entity);
    await this.execute(
      `update_${table.name}`,
      sql`UPDATE ${raw(table.name)} AS e SET ${table.set(patch)} WHERE ${allOf(table.where(where, this.dialect))}`,
    );
  }

  async delete<T extends object>(entity: EntityClass<T>, where: Where<T>): Promise<void> {
    await this.deleteWhere(entity, allOf(this.tables.of(entity).where(where, this.dialect)));
  }

  /** Deletes the rows of the alias `e` that match a condition. */
  async deleteWhere<T extends object>(entity: EntityClass<T>, condition: Sql): Promise<void> {
    const { name } = this.tables.of(entity);
    await this.execute(`delete_${name}`, sql`DELETE FROM ${raw(name)} AS e WHERE ${condition}`);
  }
}
