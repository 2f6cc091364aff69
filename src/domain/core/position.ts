import type { Tx } from "../../database/rows/reader.js";

/** The tables with a column `position`. */
type OrderedTable = "builds" | "couplings" | "promotions" | "webhook_deliveries";

/**
 * The next position in the order in which rows of a table are created, by every instance. Unlike ids, positions do not
 * depend on a clock. Assign them under the locks of the mutation, so that of two at once the later one is behind.
 */
export async function nextPosition(tx: Tx, table: OrderedTable): Promise<number> {
  const [row] = await tx.query<{ position: number | string }>(tx.dialect.nextPosition(table));
  return Number(row?.position);
}
