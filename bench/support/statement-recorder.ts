import pg from "pg";

/** A statement as `pg` was given it by the product. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Sent without waiting for the answer to the one before it. */
  readonly pipelined: boolean;
  /** How many rows it gave or wrote. */
  readonly rows: number;
}

type Callback = (error: Error | null, result: pg.QueryResult) => void;
type Query = (this: pg.Client, ...args: unknown[]) => unknown;

let recorded: (Statement & { rows: number })[] | null = null;
/** How many statements a connection has not answered yet. */
const unanswered = new WeakMap<pg.Client, number>();

/* Whatever the product asks of PostgreSQL goes through this one method, be it by a pool or on a connection of its own. */
const { prototype } = pg.Client as unknown as { prototype: { query: Query } };
const { query } = prototype;
prototype.query = function (...args) {
  const [text, values] = args;
  const callback = args.at(-1);
  if (recorded === null) return query.apply(this, args);
  if (typeof text !== "string") throw new Error("The product sent a statement in a way that is not recorded.");
  const before = unanswered.get(this) ?? 0;
  unanswered.set(this, before + 1);
  const statement = { text, values: Array.isArray(values) ? values : [], pipelined: before > 0, rows: 0 };
  recorded.push(statement);
  const answered = (result: pg.QueryResult | undefined) => {
    unanswered.set(this, (unanswered.get(this) ?? 1) - 1);
    statement.rows = result?.rowCount ?? 0;
  };
  if (typeof callback === "function") {
    const told: Callback = (error, result) => {
      answered(result);
      (callback as Callback)(error, result);
    };
    return query.apply(this, [...args.slice(0, -1), told]);
  }
  const result = query.apply(this, args) as Promise<pg.QueryResult>;
  result.then(answered, () => answered(undefined));
  return result;
};

/** The statements that were sent while something was done, in their order. */
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
