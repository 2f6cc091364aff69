import sql from "sql-template-tag";
import type { Database } from "../database/database.js";
import type { Reader } from "../database/rows/reader.js";
import type { LogEvent } from "../entities/history/event.js";
import { type EventSource, Follower, type LogSlice, type RecentEvent } from "./follower.js";
import { type EventFilter, logBounds, matches, readEvents } from "./log.js";

/** Events kept in memory: more than the largest promotion raises (602), and about a megabyte. */
const MAX_RECENT_EVENTS = 1024;
/** Events taken at a time. */
const PAGE_SIZE = 256;
/** Positions that one statement looks at: where a filter matches little, nobody else waits longer than milliseconds. */
const MAX_SLICE_SIZE = 10_000;
/** A read that failed is tried again after this time, in milliseconds, if no commit comes sooner. */
const RETRY_MS = 250;

export interface FeedOptions {
  /** What a follower fails with where the log no longer holds what comes next; `oldest` is where it begins. */
  expired(oldest: number): Error;
  /** Told of a read for everybody that failed; it is tried again. */
  failed(error: unknown): void;
}

/**
 * Follows the log for everybody in this process. The newest events are read once, whatever the number of followers, and
 * kept in a ring; a follower that is further behind reads the log itself, at its own pace. While nobody follows, nothing
 * is read and nothing is kept.
 */
export class Feed implements EventSource {
  readonly #db: Database;
  readonly #options: FeedOptions;
  readonly #followers = new Set<Follower>();
  readonly #unlisten: () => void;
  /** The events of the positions `#start + 1` to `#head`, without a gap. */
  #ring: RecentEvent[] = [];
  #start = 0;
  #head = 0;
  #awake = false;
  #reading: Promise<void> | null = null;
  #stale = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(db: Database, options: FeedOptions) {
    this.#db = db;
    this.#options = options;
    this.#unlisten = db.onCommit(() => this.#look());
  }

  get head(): number {
    return this.#head;
  }

  /** How many follow now, and how many events are kept for them. */
  get stats(): { readonly followers: number; readonly recent: number } {
    return { followers: this.#followers.size, recent: this.#ring.length };
  }

  /**
   * Every event that matches, in the order of the log, each once: first those behind `after`, then each as it is
   * committed.
   *
   * @param after the position to start behind; null for what is committed from now on
   * @param signal ends the stream; so does its `return()`, also while its `next()` waits
   * @returns a stream whose `next()` fails with what `expired` makes where events behind its place were pruned
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
    // Looked at afterwards: what is still held now was held while it was read.
    const { oldest } = await logBounds(reader);
    if (oldest > position) throw this.#options.expired(oldest);
    const last = events.length === PAGE_SIZE ? events.at(-1) : undefined;
    return { events, position: last?.position ?? until };
  }

  leave(follower: Follower): void {
    this.#followers.delete(follower);
    this.#pauseIfIdle();
  }

  /** Ends every stream. */
  async close(): Promise<void> {
    this.#unlisten();
    for (const follower of [...this.#followers]) await follower.return();
    await this.#reading?.catch(() => undefined);
  }

  /** Reads what is new, if there is anybody for whom; where that fails it is tried again. */
  #look(): void {
    if (this.#followers.size === 0) return;
    this.#read().catch((error: unknown) => {
      this.#options.failed(error);
      this.#retry ??= setTimeout(() => {
        this.#retry = null;
        this.#look();
      }, RETRY_MS);
    });
  }

  /** Resolves once all that was committed before the call has been read. */
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
      }
    } finally {
      this.#reading = null;
      this.#pauseIfIdle();
    }
  }

  async #readNew(): Promise<void> {
    const { reader } = this.#db;
    if (!this.#awake) {
      this.#head = (await logBounds(reader)).head;
      this.#start = this.#head;
      this.#awake = true;
    }
    for (let more = true; more; ) {
      const events = await readEvents(reader, {}, this.#head, PAGE_SIZE);
      const last = events.at(-1);
      if (last === undefined) return;
      const apps = await appsOfEvents(reader, this.#head, last.position);
      this.#append(events.map((event) => ({ event, apps: apps.get(event.position) ?? [] })));
      more = events.length === PAGE_SIZE;
    }
  }

  #append(fresh: readonly RecentEvent[]): void {
    const [first, last] = [fresh[0]?.event.position ?? 0, fresh.at(-1)?.event.position ?? 0];
    // Positions have no gaps; should one be found nonetheless, memory begins behind it, and the log tells the rest.
    const kept = first === this.#head + 1 ? this.#ring : [];
    this.#ring = [...kept, ...fresh].slice(-MAX_RECENT_EVENTS);
    this.#head = last;
    this.#start = last - this.#ring.length;
    for (const follower of this.#followers) follower.push(fresh, last);
  }

  #pauseIfIdle(): void {
    if (this.#followers.size > 0 || this.#reading !== null) return;
    this.#awake = false;
    this.#ring = [];
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }
}

/** Which apps each event in a stretch of the log concerns, by position. */
async function appsOfEvents(reader: Reader, after: number, until: number): Promise<Map<number, string[]>> {
  const rows = await reader.query<{ app_id: string; position: number | string }>(
    sql`SELECT app_id, position FROM event_apps WHERE position > ${after} AND position <= ${until}`,
  );
  const apps = new Map<number, string[]>();
  for (const row of rows) {
    const position = Number(row.position);
    const known = apps.get(position);
    if (known === undefined) apps.set(position, [row.app_id]);
    else known.push(row.app_id);
  }
  return apps;
}
