import { columns } from "../../database/rows/raw-rows.js";
import type { Tx } from "../../database/rows/tx.js";

const POSITION = columns({ position: "integer" });

/** The tables with a column `position`. */
type OrderedTable = "builds" | "couplings" | "promotions" | "webhook_deliveries";

/**
 * The next position in the order in which rows of a table are created, by every instance. Unlike ids, positions do not
 * depend on a clock. Assign them under the locks of the mutation, so that of two at once the later one is behind.
 */
export async function nextPosition(tx: Tx, table: OrderedTable): Promise<number> {
  const [row] = await tx.query(`next_position_of_${table}`, POSITION, tx.dialect.nextPosition(table));
  if (row === undefined) throw new Error(`There is no next position of ${table}.`);
  return row.position;
}
