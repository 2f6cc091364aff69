import type { RowBudget } from "../database/rows/row-budget.js";
import { Refusal } from "../domain/core/refusal.js";

/**
 * How long a field of a row takes to resolve, in microseconds, on a machine of 2025. Other work is counted in fields.
 */
export const FIELD_US = 4;

const ADVICE = "Request smaller pages or fewer nested lists.";

/** The work of running a statement, and of loading a row, in fields. */
const STATEMENT_WORK = 10;
const LOADED_ROW_WORK = 5;

/** Limits on one operation. */
export interface ResultLimits {
  /** Maximum number of rows in the lists of the result. */
  readonly rows: number;
  /**
   * Maximum number of fields of those rows. Long texts and lists of texts count as several, each row that a statement
   * loads as five, and a field that is resolved or computed as many as take the same time.
   */
  readonly fields: number;
}

/**
 * Counts the rows of a result, their fields and other work while the operation executes, and ends it when they exceed
 * the limits. The cost that is checked before execution is only an estimate: a list without pagination counts as ten
 * rows there.
 *
 * The limits are so low that an operation can execute without yielding the event loop. On SQLite it must not yield: a
 * writer could commit meanwhile, and the result would show half of the change.
 */
export class ResultSize implements RowBudget {
  readonly #limits: ResultLimits;
  readonly #mutates: boolean;
  /** Whether a mutation took effect, so that the result must be returned. */
  committed = false;
  #rows = 0;
  #fields = 0;
  #loaded = 0;
  #work = 0;
  /** Work that is not charged to the budget of the token: statements, loaded rows and promises. */
  #overhead = 0;
  #exceeded: Refusal | null = null;

  /**
   * @param mutates whether the operation may be a mutation. A later field of it may take effect, so no field may lack a
   *   part without an error.
   * @default false
   */
  constructor(limits: ResultLimits, mutates = false) {
    this.#limits = limits;
    this.#mutates = mutates;
  }

  /** Without limits, for benchmarks and tests that execute outside the service. */
  static unlimited(): ResultSize {
    return new ResultSize({ rows: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY });
  }

  /**
   * The rows that are left, but at least a quarter of the limit: a statement may load rows that the result does not
   * show.
   */
  get maxRows(): number {
    const { rows } = this.#limits;
    return Math.max(rows - this.#rows, Math.ceil(rows / 4));
  }

  /** Fields of rows so far, and computed work. */
  get fields(): number {
    return this.#fields + Math.ceil(this.#work);
  }

  /** Why the operation ends early; null if it is within the limits. */
  get exceeded(): Refusal | null {
    return this.#exceeded;
  }

  /**
   * Whether the operation will be refused, so that the rest of its result does not matter. An error for each of its
   * fields would take longer than the fields. In a mutation, each field that is missing has its error.
   */
  get stopped(): boolean {
    return this.#exceeded !== null && !this.#mutates;
  }

  /**
   * @param fields number of fields of each row
   * @throws Refusal QUERY_TOO_LARGE if the result has become too large and `stopped` is false
   */
  addRows(rows: number, fields: number): void {
    this.#rows += rows;
    if (this.#rows > this.#limits.rows) this.#exceedRows();
    this.addFields(rows * fields);
  }

  /** @throws Refusal QUERY_TOO_LARGE if the result has become too large and `stopped` is false */
  addFields(fields: number): void {
    this.#fields += fields;
    this.#check();
    if (this.#exceeded !== null && this.#mutates) throw this.#exceeded;
  }

  /** Counts a statement. Does not throw: the operation ends at its next list or resolver. */
  addLoaded(rows: number): void {
    this.#loaded += rows;
    this.addOverhead(STATEMENT_WORK + rows * LOADED_ROW_WORK);
  }

  /** Counts work that is not charged to the budget of the token. Does not throw. */
  addOverhead(fields: number): void {
    this.#overhead += fields;
    this.#check();
  }

  /** @throws Refusal QUERY_TOO_LARGE if the operation has exceeded a limit, so that nothing more is computed */
  addWork(fields: number): void {
    this.#work += fields;
    this.#check();
    if (this.#exceeded !== null) throw this.#exceeded;
  }

  /** @throws Refusal QUERY_TOO_LARGE unless `stopped` is true */
  tooManyRows(): void {
    const refusal = this.#exceedRows();
    if (this.#mutates) throw refusal;
  }

  /** Resets the counts before the operation is executed again. */
  restart(): void {
    this.#rows = 0;
    this.#fields = 0;
    this.#loaded = 0;
    this.#work = 0;
    this.#overhead = 0;
  }

  #check(): void {
    const { fields: limit } = this.#limits;
    if (this.#fields > limit) this.#exceed(`The rows of the result have more than ${limit} fields. ${ADVICE}`, limit);
    else if (this.#fields + this.#work + this.#overhead > limit) {
      const what = `The operation takes more work than resolving ${limit} fields: it loads ${this.#loaded} rows, and may resolve many related objects, or compute plans, gates or waiting promotions.`;
      this.#exceed(`${what} Request fewer of them at once, fewer targets, or smaller pages.`, limit);
    }
  }

  #exceedRows(): Refusal {
    const { rows } = this.#limits;
    return this.#exceed(`The result has more than ${rows} rows. ${ADVICE}`, rows);
  }

  #exceed(message: string, limit: number): Refusal {
    this.#exceeded ??= new Refusal("QUERY_TOO_LARGE", message, { figure: null, limit });
    return this.#exceeded;
  }
}
