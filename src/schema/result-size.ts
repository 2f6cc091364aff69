import type { RowBudget } from "../database/rows/row-budget.js";
import { Refusal } from "../domain/core/refusal.js";

/** Limits on the result of one operation. */
export interface ResultLimits {
  /** Maximum number of rows in the lists of the result. */
  readonly rows: number;
  /** Maximum number of fields of those rows. Long texts and lists of texts count as several. */
  readonly fields: number;
}

/**
 * Counts the rows of a result and their fields while the operation executes, and ends it when they exceed the limits. The cost
 * that is checked before execution is only an estimate: a list without pagination counts as ten rows there.
 *
 * The limits are so low that an operation need not give the event loop back while it executes. On SQLite it must not: a writer
 * could commit meanwhile, and the result would show half of the change.
 */
export class ResultSize implements RowBudget {
  readonly #limits: ResultLimits;
  /** Whether a mutation took effect, so that the result must be returned. */
  committed = false;
  #rows = 0;
  #fields = 0;
  #exceeded: Refusal | null = null;

  constructor(limits: ResultLimits) {
    this.#limits = limits;
  }

  /** Without limits, for benchmarks and tests that execute outside the service. */
  static unlimited(): ResultSize {
    return new ResultSize({ rows: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY });
  }

  get maxRows(): number {
    return this.#limits.rows;
  }

  /** Fields of rows so far. */
  get fields(): number {
    return this.#fields;
  }

  /** Why the operation ends early; null if it is within the limits. */
  get exceeded(): Refusal | null {
    return this.#exceeded;
  }

  /**
   * @param fields of each row
   * @throws Refusal QUERY_TOO_LARGE if the result has become too large
   */
  addRows(rows: number, fields: number): void {
    this.#rows += rows;
    if (this.#rows > this.#limits.rows) this.tooManyRows();
    this.addFields(rows * fields);
  }

  /** @throws Refusal QUERY_TOO_LARGE if the result has become too large */
  addFields(fields: number): void {
    const { fields: limit } = this.#limits;
    this.#fields += fields;
    if (this.#fields > limit) this.#exceed(`The rows of the result have more than ${limit} fields.`, limit);
    if (this.#exceeded !== null) throw this.#exceeded;
  }

  /** The refusal of an operation, one of whose statements found more than `maxRows`. */
  tooManyRows(): Refusal {
    const { rows } = this.#limits;
    return this.#exceed(`The result has more than ${rows} rows.`, rows);
  }

  /** Starts again, because the operation is executed again. */
  restart(): void {
    this.#rows = 0;
    this.#fields = 0;
  }

  #exceed(what: string, limit: number): Refusal {
    const message = `${what} Request smaller pages or fewer nested lists.`;
    this.#exceeded ??= new Refusal("QUERY_TOO_LARGE", message, { figure: null, limit });
    return this.#exceeded;
  }
}
