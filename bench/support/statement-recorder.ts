import pg from "pg";

/** A statement that the service passed to `pg`. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Sent without waiting for the result of the previous statement. */
  readonly pipelined: boolean;
  /** Number of rows that it returned or wrote. */
  readonly rows: number;
}

type Callback = (error: Error | null, result: pg.QueryResult) => void;
type Query = (this: pg.Client, ...args: unknown[]) => unknown;

let recorded: (Statement & { rows: number })[] | null = null;
/** Number of statements per connection without a result yet. */
const pending = new WeakMap<pg.Client, number>();

/* Every statement of the service goes through this method, from a pool or on a dedicated connection. */
const { prototype } = pg.Client as unknown as { prototype: { query: Query } };
const { query } = prototype;
prototype.query = function (...args) {
  const [text, values] = args;
  const callback = args.at(-1);
  if (recorded === null) return query.apply(this, args);
  if (typeof text !== "string") throw new Error("The recorder supports statements given as text only.");
  const before = pending.get(this) ?? 0;
  pending.set(this, before + 1);
  const statement = { text, values: Array.isArray(values) ? values : [], pipelined: before > 0, rows: 0 };
  recorded.push(statement);
  const onResult = (result: pg.QueryResult | undefined) => {
    pending.set(this, (pending.get(this) ?? 1) - 1);
    statement.rows = result?.rowCount ?? 0;
  };
  if (typeof callback === "function") {
    const wrapped: Callback = (error, result) => {
      onResult(result);
      (callback as Callback)(error, result);
    };
    return query.apply(this, [...args.slice(0, -1), wrapped]);
  }
  const result = query.apply(this, args) as Promise<pg.QueryResult>;
  result.then(onResult, () => onResult(undefined));
  return result;
};

/** Records the statements that are sent during a piece of work, in order. */
export async function recordStatements(work: () => Promise<unknown>): Promise<readonly Statement[]> {
  const mine: (Statement & { rows: number })[] = [];
  recorded = mine;
  try {
    await work();
  } finally {
    recorded = null;
  }
  return mine;
}
