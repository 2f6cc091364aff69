import type { LogEvent } from "../entities/history/event.js";
import { type EventFilter, matches } from "./log.js";

/** An event in memory, with the apps that it concerns. */
export interface RecentEvent {
  readonly event: LogEvent;
  readonly apps: readonly string[];
}

/** A stretch of the log as a filter sees it: the events in it that match, and the position that it ends at. */
export interface LogSlice {
  readonly events: readonly LogEvent[];
  readonly position: number;
}

/** Where a follower gets its events from. */
export interface EventSource {
  /** The position up to which the log has been read. */
  readonly head: number;
  /** What is in memory behind a position; null where memory does not reach back so far. */
  recentAfter(filter: EventFilter, position: number): LogSlice | null;
  /** What the log holds behind a position: a bounded stretch of it. */
  readAfter(filter: EventFilter, position: number): Promise<LogSlice>;
  leave(follower: Follower): void;
}

const DONE = { value: undefined, done: true } as const;

/**
 * One reader of the log, with a place of its own and no queue: a page of events is taken when the one before has been
 * consumed, and at the end it sleeps until the feed has something that matches. `next()` is called by one consumer, one
 * call at a time; `return()` by anybody at any moment.
 */
export class Follower implements AsyncIterableIterator<LogEvent> {
  readonly #source: EventSource;
  readonly #filter: EventFilter;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.#end();
  #position = 0;
  #page: readonly LogEvent[] = [];
  #taken = 0;
  #ended = false;
  #wake: (() => void) | null = null;

  constructor(source: EventSource, filter: EventFilter, signal: AbortSignal) {
    this.#source = source;
    this.#filter = filter;
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
    if (signal.aborted) this.#end();
  }

  /** Says where to begin: behind this position. */
  begin(position: number): void {
    this.#position = position;
  }

  async next(): Promise<IteratorResult<LogEvent, undefined>> {
    while (!this.#ended) {
      const event = this.#page[this.#taken];
      if (event !== undefined) {
        this.#taken += 1;
        return { value: event, done: false };
      }
      const stretch = this.#source.recentAfter(this.#filter, this.#position) ?? (await this.#read());
      this.#page = stretch.events;
      this.#taken = 0;
      this.#position = stretch.position;
      if (this.#page.length === 0 && this.#position >= this.#source.head) await this.#sleep();
    }
    return DONE;
  }

  async return(): Promise<IteratorResult<LogEvent, undefined>> {
    this.#end();
    return DONE;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Hears of events that have just been read, the last of them at `head`, and wakes where one of them matches. */
  push(fresh: readonly RecentEvent[], head: number): void {
    if (this.#wake === null) return;
    // Asleep, it has seen all that there was: what does not match is passed over, so that its place never falls behind.
    if (fresh.some(({ event, apps }) => event.position > this.#position && matches(this.#filter, event, apps)))
      this.#wake();
    else this.#position = Math.max(this.#position, head);
  }

  async #read(): Promise<LogSlice> {
    try {
      return await this.#source.readAfter(this.#filter, this.#position);
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
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
  }
}
