import sql from "sql-template-tag";
import { columns } from "../database/rows/raw-rows.js";
import type { Tx } from "../database/rows/tx.js";
import type { Actor } from "../entities/core/actor.js";
import { toActorColumns } from "../entities/core/actor-columns.js";
import { LogEvent } from "../entities/history/event.js";
import { EventApp } from "../entities/history/event-app.js";
import { appendStatement } from "./append-statement.js";
import type { EventDraft } from "./draft.js";

const HEAD = columns({ head: "integer" });

/**
 * Appends events to the log as the last statement of a transaction. So positions are assigned in commit order: the next
 * transaction waits for this one to end. (The numbers of a sequence may be committed in another order. A reader that
 * has passed a number would then miss a row that is committed later.)
 */
export async function append(tx: Tx, actor: Actor, now: Date, drafts: readonly EventDraft[]): Promise<void> {
  if (drafts.length === 0) return;
  const { lockLog } = tx.dialect;
  if (lockLog === null) {
    const [log] = await tx.query(
      "move_log_head",
      HEAD,
      sql`UPDATE event_log SET head = head + ${drafts.length} WHERE id = 1 RETURNING head`,
    );
    if (log === undefined) throw new Error("The event log has lost its head row.");
    const { events, concerns } = toRows(log.head - drafts.length, actor, now, drafts);
    await tx.insert(LogEvent, events);
    await tx.insert(EventApp, concerns);
  } else {
    const { events, concerns } = toRows(0, actor, now, drafts);
    await tx.beforeCommit("append_events", appendStatement(tx, lockLog, events, concerns));
  }
  tx.appended.push(...drafts);
}

/** Converts drafts to rows. Their positions begin after `start`. */
function toRows(start: number, actor: Actor, now: Date, drafts: readonly EventDraft[]) {
  const events: LogEvent[] = [];
  const concerns: EventApp[] = [];
  drafts.forEach(({ apps, actor: draftActor = actor, ...draft }, index) => {
    const position = start + index + 1;
    events.push({ ...draft, position, occurredAt: now, ...toActorColumns("actor", draftActor) } as LogEvent);
    for (const appId of new Set(apps)) concerns.push({ appId, position });
  });
  return { events, concerns };
}
