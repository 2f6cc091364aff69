import { DatabaseUnavailable } from "../../database/database.js";
import type { LogEvent } from "../../entities/history/event.js";
import { type EventFilter, keysOfFilter, matches } from "../match.js";

/** An event in memory, with the apps that it concerns. */
export interface RecentEvent {
  readonly event: LogEvent;
  readonly apps: readonly string[];
}

/** The matching events of a slice of the log, and the position that it ends at. */
export interface LogSlice {
  readonly events: readonly LogEvent[];
  readonly position: number;
}

/** The source of a follower's events. */
export interface EventSource {
  /** The position up to which the log has been read. */
  readonly head: number;
  /** The events in memory after a position; null if memory does not reach back to it. */
  recentAfter(filter: EventFilter, position: number): LogSlice | null;
  /** A bounded slice of the log after a position. */
  readAfter(filter: EventFilter, position: number): Promise<LogSlice>;
  /**
   * Resolves to true when the database can be read again, or to false if it has been unreachable for too long.
   *
   * @param since when the first read failed, on the clock of `performance.now()`
   */
  recovered(since: number): Promise<boolean>;
  leave(follower: Follower): void;
}

const DONE = { value: undefined, done: true } as const;

/**
 * A reader of the log with a position and without a queue. It reads a page when the previous one was consumed. At the
 * end of the log it sleeps until the feed has a matching event. One consumer calls `next()`, one call at a time;
 * `return()` may be called at any time.
 */
export class Follower implements AsyncIterableIterator<LogEvent> {
  readonly #source: EventSource;
  readonly #filter: EventFilter;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.#end();
  /** While it sleeps, this may be behind the head of the source. No event in between matches. */
  #position = 0;
  #page: readonly LogEvent[] = [];
  #taken = 0;
  #ended = false;
  /** Whether it sleeps, and a wake-up is pending. */
  #isDue = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;
  /** Ends the wait for the database. */
  #interrupt: (() => void) | null = null;

  /** The index keys of its filter; see `keysOfFilter`. */
  readonly keys: readonly string[];

  constructor(source: EventSource, filter: EventFilter, signal: AbortSignal) {
    this.#source = source;
    this.#filter = filter;
    this.keys = keysOfFilter(filter);
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#end();
  }

  /** Sets the position to start after. */
  begin(position: number): void {
    this.#position = position;
  }

  /**
   * If it sleeps at the end of the log: the position up to which every event was consumed or does not match. Otherwise
   * null.
   */
  get sleepingAt(): number | null {
    if (this.#wake === null || this.#ended) return null;
    return this.#isDue ? this.#position : Math.max(this.#position, this.#source.head);
  }

  /** Takes up to `limit` events that are in memory already. */
  ready(limit: number): readonly LogEvent[] {
    const events = this.#page.slice(this.#taken, this.#taken + Math.max(0, limit));
    this.#taken += events.length;
    return events;
  }

  async next(): Promise<IteratorResult<LogEvent, undefined>> {
    while (!this.#ended) {
      const event = this.#page[this.#taken];
      if (event !== undefined) {
        this.#taken += 1;
        return { value: event, done: false };
      }
      const slice = this.#source.recentAfter(this.#filter, this.#position) ?? (await this.#read());
      this.#page = slice.events;
      this.#taken = 0;
      this.#position = slice.position;
      if (this.#page.length === 0 && this.#position >= this.#source.head) await this.#sleep();
    }
    if (this.#failure !== null) throw this.#takeFailure(this.#failure);
    return DONE;
  }

  async return(): Promise<IteratorResult<LogEvent, undefined>> {
    this.#end();
    return DONE;
  }

  /** Ends the stream. One `next()` fails with this error. */
  fail(error: Error): void {
    if (this.#ended) return;
    this.#failure = error;
    this.#end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether it sleeps and a new event matches. If so, the caller must wake it. */
  awaits({ event, apps }: RecentEvent): boolean {
    if (this.#wake === null || this.#isDue) return false;
    if (event.position <= this.#position || !matches(this.#filter, event, apps)) return false;
    // It sleeps at the end of the log, so no earlier event matches.
    this.#position = event.position - 1;
    this.#isDue = true;
    return true;
  }

  wake(): void {
    this.#wake?.();
  }

  /** Reads a slice; an empty one if the follower ended meanwhile. */
  async #read(): Promise<LogSlice> {
    const since = performance.now();
    for (;;) {
      try {
        return await this.#source.readAfter(this.#filter, this.#position);
      } catch (error) {
        if (this.#ended) return { events: [], position: this.#position };
        if (error instanceof DatabaseUnavailable && (await this.#recovered(since))) continue;
        this.#end();
        throw error;
      }
    }
  }

  /** Waits until the database can be read again, or the follower ends. */
  #recovered(since: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#interrupt = () => resolve(true);
      if (this.#ended) this.#interrupt();
      else this.#source.recovered(since).then(resolve);
    });
  }

  #takeFailure(error: Error): Error {
    this.#failure = null;
    return error;
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        this.#isDue = false;
        resolve();
      };
      if (this.#ended) this.#wake();
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#page = [];
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#source.leave(this);
    this.#wake?.();
    this.#interrupt?.();
  }
}
