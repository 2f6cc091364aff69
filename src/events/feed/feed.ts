import sql from "sql-template-tag";
import type { Database } from "../../database/database.js";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { LogEvent } from "../../entities/history/event.js";
import { logBounds } from "../bounds.js";
import { type EventFilter, matches } from "../match.js";
import { readEvents } from "../read.js";
import { type EventSource, Follower, type LogSlice, type RecentEvent } from "./follower.js";
import { FollowerIndex } from "./follower-index.js";
import { Recovery } from "./recovery.js";
import { isSame, LogRewound } from "./rewind.js";

/** The most events in memory: more than the largest promotion appends (1,002), and about a megabyte. */
const MAX_RECENT_EVENTS = 1024;
/** The most events that are read at a time. */
const PAGE_SIZE = 256;
/** The most positions that one statement scans. So a filter with few matches delays other work only by milliseconds. */
const MAX_SLICE_SIZE = 10_000;
/** A failed read is retried after this time, or with the next commit. */
const RETRY_MS = 250;

export interface FeedOptions {
  /** Creates the error of a follower whose next events were pruned. `oldest` is the oldest position to read from. */
  expired(oldest: number): Error;
  /** Called when a shared read fails, but not again until one has succeeded. Failed reads are retried. */
  failed(error: unknown): void;
  /** Called if the head of the log moved back from `from` to `to`. Every stream fails with `LogRewound`. */
  rewound(from: number, to: number): void;
  /** How long streams wait for a database that cannot be reached, in milliseconds. @default 10_000 */
  readonly giveUpMs?: number | undefined;
}

/**
 * Follows the log for this process. The newest events are read once for all followers and kept in a ring buffer. A
 * follower that is further behind reads the log itself, at its own pace. Without followers, nothing is read or kept.
 */
export class Feed implements EventSource {
  readonly #db: Database;
  readonly #options: FeedOptions;
  readonly #followers = new FollowerIndex();
  readonly #unlisten: () => void;
  readonly #recovery: Recovery;
  /** The events at the positions `#start + 1` to `#head`, without gaps. */
  #ring: RecentEvent[] = [];
  #start = 0;
  #head = 0;
  /** The event at `#head`, to detect that the log was rewound; null if it was pruned. */
  #last: LogEvent | null = null;
  #awake = false;
  #reading: Promise<void> | null = null;
  #stale = false;
  #failing = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(db: Database, options: FeedOptions) {
    this.#db = db;
    this.#options = options;
    this.#recovery = new Recovery(db.reader, options.giveUpMs);
    this.#unlisten = db.onWakeUp((head) => {
      if (head !== this.#head) this.#readOrRetry();
    });
  }

  get head(): number {
    return this.#head;
  }

  /** The number of followers, and of events in memory. */
  get stats(): { readonly followers: number; readonly recent: number } {
    return { followers: this.#followers.size, recent: this.#ring.length };
  }

  /**
   * Streams every matching event once, in log order: first those after `after`, then new ones as they are committed.
   *
   * @param after the position to start after; null for events that are committed from now on
   * @param signal ends the stream; so does its `return()`, also while its `next()` waits
   * @returns a stream whose `next()` fails with the error of `expired` if events after its position were pruned
   */
  async follow(filter: EventFilter, after: number | null, signal: AbortSignal): Promise<Follower> {
    const follower = new Follower(this, filter, signal);
    if (signal.aborted) return follower;
    this.#followers.add(follower);
    try {
      await this.#read();
    } catch (error) {
      await follower.return();
      throw error;
    }
    follower.begin(after ?? this.#head);
    return follower;
  }

  recentAfter(filter: EventFilter, position: number): LogSlice | null {
    if (position < this.#start) return null;
    const events: LogEvent[] = [];
    for (let index = position - this.#start; index < this.#ring.length; index += 1) {
      const { event, apps } = this.#ring[index] as RecentEvent;
      if (matches(filter, event, apps) && events.push(event) === PAGE_SIZE) return { events, position: event.position };
    }
    return { events, position: Math.max(position, this.#head) };
  }

  async readAfter(filter: EventFilter, position: number): Promise<LogSlice> {
    const until = Math.min(position + MAX_SLICE_SIZE, this.#head);
    const reader = this.#db.reader.limitedTo(filter.within ?? null);
    const events = await readEvents(reader, filter, position, PAGE_SIZE, false, until);
    // Checked after the read: events that are retained now were also retained during the read.
    const { oldest } = await logBounds(reader);
    if (oldest > position) throw this.#options.expired(oldest);
    const last = events.length === PAGE_SIZE ? events.at(-1) : undefined;
    return { events, position: last?.position ?? until };
  }

  recovered(since: number): Promise<boolean> {
    return this.#recovery.wait(since);
  }

  leave(follower: Follower): void {
    this.#followers.delete(follower);
    this.#pauseIfIdle();
  }

  /** Ends every stream. */
  async close(): Promise<void> {
    this.#unlisten();
    for (const follower of this.#followers.all()) await follower.return();
    await this.#reading?.catch(() => undefined);
  }

  /** Reads new events if there are followers. Retries a failed read. */
  #readOrRetry(): void {
    if (this.#followers.size === 0) return;
    this.#read().catch((error: unknown) => {
      if (!this.#failing) this.#options.failed(error);
      this.#failing = true;
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.#readOrRetry();
      }, RETRY_MS);
    });
  }

  /** Resolves when everything that was committed before the call has been read. */
  #read(): Promise<void> {
    this.#stale = true;
    this.#reading ??= this.#readWhileStale();
    return this.#reading;
  }

  async #readWhileStale(): Promise<void> {
    try {
      while (this.#stale) {
        this.#stale = false;
        await this.#readNew();
        this.#failing = false;
      }
    } finally {
      this.#reading = null;
      this.#pauseIfIdle();
    }
  }

  async #readNew(): Promise<void> {
    const { reader } = this.#db;
    if (!this.#awake) {
      const { head } = await logBounds(reader);
      this.#last = (await readEvents(reader, {}, head - 1, 1))[0] ?? null;
      this.#head = head;
      this.#start = head;
      this.#awake = true;
    }
    for (let more = true; more; ) {
      const events = await this.#readPage(reader);
      const last = events?.at(-1);
      if (events === null || last === undefined) return;
      const apps = await findApps(reader, this.#head, last.position);
      this.#append(events.map((event) => ({ event, apps: apps.get(event.position) ?? [] })));
      more = events.length >= PAGE_SIZE;
    }
  }

  /** Reads the events after `#head`; null if the log was rewound. */
  async #readPage(reader: Reader): Promise<LogEvent[] | null> {
    // The newest known event is read again: after a rewind, its position may hold another one.
    const events = await readEvents(reader, {}, this.#head - 1, PAGE_SIZE + 1);
    const again = events[0]?.position === this.#head ? events.shift() : undefined;
    if (again !== undefined && this.#last !== null && isSame(again, this.#last)) return events;
    const { head, oldest } = await logBounds(reader);
    if (again === undefined && oldest >= this.#head && head >= this.#head) return events;
    this.#rewind(head);
    return null;
  }

  /** Ends every stream. The next follower starts from the new head. */
  #rewind(head: number): void {
    this.#options.rewound(this.#head, head);
    this.#awake = false;
    this.#ring = [];
    for (const follower of this.#followers.all()) follower.fail(new LogRewound());
  }

  #append(fresh: readonly RecentEvent[]): void {
    const [first, last] = [fresh[0]?.event.position ?? 0, fresh.at(-1)?.event.position ?? 0];
    // Positions have no gaps. If there is one after all, the buffer starts after it, and followers read the log.
    const kept = first === this.#head + 1 ? this.#ring : [];
    this.#ring = [...kept, ...fresh].slice(-MAX_RECENT_EVENTS);
    this.#head = last;
    this.#last = fresh.at(-1)?.event ?? null;
    this.#start = last - this.#ring.length;
    this.#followers.wake(fresh);
  }

  #pauseIfIdle(): void {
    if (this.#followers.size > 0 || this.#reading !== null) return;
    this.#awake = false;
    this.#ring = [];
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }
}

const EVENT_APPS = columns({ app_id: "text", position: "integer" });

/** The apps that each event in a slice of the log concerns, by position. */
async function findApps(reader: Reader, after: number, until: number): Promise<Map<number, string[]>> {
  const rows = await reader.query(
    "apps_of_events",
    EVENT_APPS,
    sql`SELECT app_id, position FROM event_apps WHERE position > ${after} AND position <= ${until}`,
  );
  const apps = new Map<number, string[]>();
  for (const { app_id, position } of rows) {
    const known = apps.get(position);
    if (known === undefined) apps.set(position, [app_id]);
    else known.push(app_id);
  }
  return apps;
}
