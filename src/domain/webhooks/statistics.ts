import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { WebhookState } from "../../entities/core/enums.js";
import { LogEvent } from "../../entities/history/event.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { logBounds } from "../../events/bounds.js";
import { byId } from "../core/by-id.js";

const STATES = columns({ state: "text", total: "integer" });
const QUEUED = columns({ webhook_id: "text", total: "integer" });
const OLDEST = columns({ position: "integer or null" });

/** How many webhooks there are in each state. */
export async function countWebhooks(reader: Reader): Promise<Record<string, number>> {
  const rows = await reader.query(
    "count_webhooks_by_state",
    STATES,
    sql`SELECT state, COUNT(*) AS total FROM webhooks GROUP BY state`,
  );
  const counts: Record<string, number> = Object.fromEntries(Object.keys(WebhookState).map((state) => [state, 0]));
  for (const { state, total } of rows) counts[state] = total;
  return counts;
}

/**
 * How many events are after the cursor of the active webhook that is furthest behind; 0 if no webhook is ACTIVE or
 * FAILING.
 */
export async function furthestBehind(reader: Reader): Promise<number> {
  const [row] = await reader.query(
    "oldest_webhook_cursor",
    OLDEST,
    sql`SELECT MIN(position) AS position FROM webhooks WHERE state IN ('ACTIVE', 'FAILING')`,
  );
  return row?.position == null ? 0 : (await logBounds(reader)).head - row.position;
}

/** How many events each webhook has yet to process: those after its cursor, and those in its queue. */
export async function countBehind(reader: Reader, webhooks: readonly Webhook[]): Promise<number[]> {
  const { head } = await logBounds(reader);
  const isMine = reader.dialect.oneOf(
    sql`webhook_id`,
    webhooks.map(({ id }) => id),
  );
  const rows = await reader.query(
    "count_webhook_queue",
    QUEUED,
    sql`SELECT webhook_id, COUNT(*) AS total FROM webhook_queue WHERE ${isMine} GROUP BY webhook_id`,
  );
  const queued = new Map(rows.map((row) => [row.webhook_id, row.total]));
  return webhooks.map(({ id, position }) => head - position + (queued.get(id) ?? 0));
}

/** Webhooks by id; null for those that the reader does not see. */
export async function webhooksById(reader: Reader, ids: readonly string[]): Promise<(Webhook | null)[]> {
  const found = await byId(reader.find(Webhook, { id: [...ids] }));
  return ids.map((id) => found.get(id) ?? null);
}

/** Events by position; null for those that were pruned, or that the reader does not see. */
export async function eventsAt(reader: Reader, positions: readonly number[]): Promise<(LogEvent | null)[]> {
  const found = new Map((await reader.find(LogEvent, { position: [...positions] })).map((one) => [one.position, one]));
  return positions.map((position) => found.get(position) ?? null);
}
