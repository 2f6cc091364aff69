import sql from "sql-template-tag";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";

/** What a webhook delivery is about, for example a pull request. */
export interface DeliverySubject {
  readonly name: string;
  /** The code host's time of the change. */
  readonly at: Date;
  /** Whether the change closed the subject. */
  readonly closes: boolean;
}

/**
 * How a delivery relates to those on its subject that were processed before: STALE deliveries have no effect; a LATE
 * delivery is older than one of them: it may create missing rows, but must not change existing ones.
 */
export type DeliveryOrder = "IN_ORDER" | "LATE" | "STALE";

/**
 * Code hosts do not deliver in order, and their times are whole seconds. So a delivery that closes the subject takes
 * precedence over all others of the same second or before, whichever arrives first. It is stale if the subject changed
 * in a later second.
 */
export async function findOrder(reader: Reader, { name, at, closes }: DeliverySubject): Promise<DeliveryOrder> {
  const changed = await newest(reader, name);
  const closed = await newest(reader, storedSubject({ name, closes: true }));
  if (closes) return changed > at.getTime() ? "STALE" : "IN_ORDER";
  if (closed >= at.getTime()) return "STALE";
  return changed > at.getTime() ? "LATE" : "IN_ORDER";
}

/** The name under which a processed delivery is stored. */
export function storedSubject({ name, closes }: Pick<DeliverySubject, "name" | "closes">): string {
  return closes ? `${name} closed` : name;
}

const NEWEST = columns({ newest: "integer or null" });

/** The time of the newest processed delivery, in milliseconds since 1970; 0 if there is none. */
async function newest(reader: Reader, subject: string): Promise<number> {
  const [row] = await reader.query(
    "newest_delivery",
    NEWEST,
    sql`SELECT MAX(subject_at) AS newest FROM webhook_deliveries WHERE subject = ${subject}`,
  );
  return row?.newest ?? 0;
}
