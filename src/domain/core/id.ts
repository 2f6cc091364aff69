import { v7 } from "uuid";
import type { Tx } from "../../database/rows/reader.js";

/** A new id: a UUID of version 7, which sorts behind every one that this process made before. */
export function newId(): string {
  return v7();
}

/** The next position of a table with a column of that name: larger than every other, also in concurrent transactions. */
export async function nextPosition(tx: Tx, table: string): Promise<number> {
  const [row] = await tx.query<{ position: number | string }>(tx.dialect.nextPosition(table));
  return Number(row?.position);
}
