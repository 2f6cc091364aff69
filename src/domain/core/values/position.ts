import { columns } from "../../../database/rows/raw-rows.js";
import type { Tx } from "../../../database/rows/tx.js";

const POSITION = columns({ position: "integer" });

/** The tables whose rows get their positions here. */
type OrderedTable =
  | (
      | "approval_rules"
      | "approvals"
      | "builds"
      | "couplings"
      | "deployment_windows"
      | "freezes"
      | "promotions"
      | "releases"
      | "tokens"
    )
  | "webhook_deliveries";

/**
 * The next position in the order in which rows of a table are created, by every instance. Unlike ids, positions do not
 * depend on a clock. Assign them under the locks of the mutation, so that of two concurrent mutations the later one
 * gets the higher position.
 */
export async function nextPosition(tx: Tx, table: OrderedTable): Promise<number> {
  const [position] = await nextPositions(tx, table, 1);
  if (position === undefined) throw new Error(`There is no next position of ${table}.`);
  return position;
}

/** The next `count` positions, in ascending order. */
export async function nextPositions(tx: Tx, table: OrderedTable, count: number): Promise<number[]> {
  if (count === 0) return [];
  const rows = await tx.query(`next_positions_of_${table}`, POSITION, tx.dialect.nextPositions(table, count));
  return rows.map((row) => row.position).sort((a, b) => a - b);
}
