import sql from "sql-template-tag";
import type { AppendedEvent } from "../database/changes.js";
import type { Database } from "../database/database.js";
import { columns } from "../database/rows/raw-rows.js";
import type { Reader } from "../database/rows/reader.js";

/** A cache that follows the log. */
export interface ChangeListener {
  /** Called with events that were committed. */
  changed(events: readonly AppendedEvent[]): void;
  /** Called if the changes are unknown. Everything may have changed. */
  reset(): void;
}

/** Reports commits to caches, so that no cache returns older data than the database. */
export interface LogChanges {
  add(listener: ChangeListener): void;
  /**
   * Reports to the listeners everything that was committed before the call, by any instance. Null if this is not
   * needed, because listeners are notified before a write is acknowledged.
   *
   * The promise is rejected with DatabaseUnavailable if the log cannot be read. Then caches must not be used.
   */
  readonly catchUp: (() => Promise<void>) | null;
}

/** Follows the log of a database from now on: its own commits on SQLite, those of all instances on PostgreSQL. */
export async function followChanges(database: Database): Promise<LogChanges> {
  if (database.exclusive) {
    return {
      add: (listener) => void database.onCommitted(({ events }) => listener.changed(events)),
      catchUp: null,
    };
  }
  const changes = new SharedLogChanges(database.reader);
  await changes.catchUp();
  return changes;
}

/** If there are more new events than this, they are not read, and listeners are reset. */
const MAX_EVENTS = 1_000;

const HEAD = columns({ head: "integer", type: "text or null", occurred_at: "integer or null" });
const CHANGES = columns({
  position: "integer",
  type: "text",
  occurred_at: "integer",
  pipeline_id: "text or null",
  app_id: "text or null",
});

/**
 * Reads the log when a cache is about to be used: one small statement, which requests that arrive at the same time
 * share. The statement is sent after each of them has arrived, so it sees every write that was acknowledged before.
 */
class SharedLogChanges implements LogChanges {
  readonly #reader: Reader;
  readonly #listeners: ChangeListener[] = [];
  /** The position up to which listeners were notified; null before the first read. */
  #position: number | null = null;
  /**
   * Identifies the event at `#position`, to detect that the log was rewound and has grown again. Null if it was pruned.
   */
  #mark: string | null = null;
  #reading: Promise<void> | null = null;
  /** The read after `#reading`, for calls that arrived after that one began. */
  #next: Promise<void> | null = null;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  add(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  readonly catchUp = (): Promise<void> => {
    if (this.#reading === null) {
      this.#reading = this.#read().finally(() => {
        this.#reading = null;
      });
      return this.#reading;
    }
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = null;
        return this.catchUp();
      });
    return this.#next;
  };

  async #read(): Promise<void> {
    const [log] = await this.#reader.query(
      "log_head_event",
      HEAD,
      sql`SELECT l.head, e.type, e.occurred_at FROM event_log l LEFT JOIN events e ON e.position = l.head WHERE l.id = 1`,
    );
    if (log === undefined) throw new Error("The event log has lost its head row.");
    const { head } = log;
    const mark = toMark(log);
    if (head === this.#position && mark === this.#mark) return;
    const events = await this.#readAfter(head);
    for (const listener of this.#listeners) {
      if (events === null) listener.reset();
      else listener.changed(events);
    }
    this.#position = head;
    this.#mark = mark;
  }

  /** The new events up to `head`; null if they cannot be determined. */
  async #readAfter(head: number): Promise<AppendedEvent[] | null> {
    const from = this.#position;
    if (from === null || this.#mark === null || head <= from || head - from > MAX_EVENTS) return null;
    const rows = await this.#reader.query(
      "log_changes",
      CHANGES,
      sql`SELECT e.position, e.type, e.occurred_at, e.pipeline_id, a.app_id
        FROM events e LEFT JOIN event_apps a ON a.position = e.position
        WHERE e.position >= ${from} AND e.position <= ${head} ORDER BY e.position`,
    );
    const events = new Map<number, AppendedEvent & { readonly apps: string[] }>();
    for (const { position, type, pipeline_id: pipelineId, app_id: app } of rows) {
      const event = events.get(position) ?? { type, pipelineId, apps: [] };
      if (app !== null) event.apps.push(app);
      events.set(position, event);
    }
    const [known] = rows;
    const isSameLog = known?.position === from && toMark(known) === this.#mark;
    // Also null if some were pruned.
    if (!isSameLog || events.size !== head - from + 1) return null;
    events.delete(from);
    return [...events.values()];
  }
}

function toMark(event: { readonly type: string | null; readonly occurred_at: number | null }): string | null {
  return event.type === null ? null : `${event.type} ${event.occurred_at}`;
}
