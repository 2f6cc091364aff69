import type { LogEvent } from "../../entities/history/event.js";
import { decodeCursor } from "../../entities/history/event-cursor.js";
import type { EventType } from "../../entities/history/event-type.js";
import { logBounds } from "../../events/bounds.js";
import type { Feed } from "../../events/feed/feed.js";
import type { EventFilter } from "../../events/match.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { LIMITS, parseContext } from "../core/input.js";
import { requirePromotion, requireRelease } from "../core/references.js";
import { badInput } from "../core/refusal.js";
import { cursorBeyondHead, cursorExpired, type EventQuery, eventFilter } from "./events.js";

/** What to subscribe to. Undefined or null matches all; an empty list matches nothing. */
export interface SubscriptionQuery extends EventQuery {
  readonly promotion?: string | null;
  readonly release?: string | null;
  readonly contexts?: readonly string[] | null;
  /** The cursor to continue from; without it, only new events are sent. */
  readonly after?: string | null;
}

export const PROMOTION_EVENTS: readonly EventType[] = [
  "PROMOTION_WAITING",
  "PROMOTION_STARTED",
  "PROMOTION_FORCED",
  "PROMOTION_REVIEWED",
  "PROMOTION_TARGET_CHANGED",
  "PROMOTION_FINISHED",
];

/**
 * Subscribes to the log: every matching event once, in order.
 *
 * @throws Refusal CURSOR_EXPIRED if events after the cursor were pruned, or the cursor is beyond the end of the log;
 * the stream itself fails with it if events are pruned later, because its reader is too slow
 */
export async function subscribe(
  ctx: Ctx,
  feed: Feed,
  query: SubscriptionQuery,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<LogEvent>> {
  permit(ctx.viewer, "read");
  const { reader } = ctx.db;
  const { promotion, release, contexts } = query;
  const filter: EventFilter = {
    ...(await eventFilter(ctx, query)),
    promotion: promotion == null ? null : (await requirePromotion(reader, "promotion", promotion)).id,
    release: release == null ? null : (await requireRelease(reader, "release", release)).id,
    contexts: contexts == null ? null : parseContexts(contexts),
  };
  return feed.follow(filter, query.after == null ? null : await cursorPosition(ctx, query.after), signal);
}

async function cursorPosition(ctx: Ctx, after: string): Promise<number> {
  const position = decodeCursor(after);
  const { head, oldest } = await logBounds(ctx.db.reader);
  if (position === null) throw badInput("after", "after must be a cursor that this log has given.");
  if (position > head) throw cursorBeyondHead({ head, oldest });
  if (position < oldest) throw cursorExpired(oldest);
  return position;
}

function parseContexts(contexts: readonly string[]): readonly string[] {
  if (contexts.length > LIMITS.contextsOfSubscription) {
    const most = LIMITS.contextsOfSubscription;
    throw badInput("contexts", `contexts must name at most ${most} contexts; it has ${contexts.length}.`);
  }
  return [...new Set(contexts.map((context, index) => parseContext(`contexts.${index}`, context)))];
}
