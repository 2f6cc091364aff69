import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import sql from "sql-template-tag";
import { LOG_CHANNEL } from "../rows/dialect.js";
import { columns } from "../rows/raw-rows.js";
import type { Reader } from "../rows/reader.js";

/** Intervals and timeouts in milliseconds. */
export interface ListenOptions {
  /** How often the log's head is polled. This is the longest delay of followers if a notification is lost. */
  readonly pollEvery: number;
  /** How often the listening connection is probed. */
  readonly heartbeatEvery: number;
  /** How long a probe may take. */
  readonly heartbeatTimeout: number;
  /** The pause before a lost connection is replaced. */
  readonly reconnectAfter: number;
}

const DEFAULT_OPTIONS: ListenOptions = {
  pollEvery: 1000,
  heartbeatEvery: 5000,
  heartbeatTimeout: 5000,
  reconnectAfter: 250,
};

export interface LogListenerOptions {
  readonly url: string;
  /** In milliseconds. */
  readonly connectTimeout: number;
  readonly reader: Reader;
  readonly pace?: Partial<ListenOptions>;
}

const HEAD = columns({ head: "integer" });

/**
 * Notifies followers of the log about new events, with PostgreSQL's LISTEN. A connection may be lost silently, so it is
 * probed and replaced, and the log's head is polled too. Starts with the first listener.
 */
export class LogListener {
  readonly #options: LogListenerOptions;
  readonly #pace: ListenOptions;
  readonly #listeners = new Set<(head?: number) => void>();
  readonly #closed = new AbortController();
  #running: Promise<unknown> | null = null;

  constructor(options: LogListenerOptions) {
    this.#options = options;
    this.#pace = { ...DEFAULT_OPTIONS, ...options.pace };
  }

  /** @param listener receives the log's head if it was polled; nothing with a notification */
  add(listener: (head?: number) => void): () => void {
    this.#listeners.add(listener);
    this.#running ??= Promise.all([this.#listen(), this.#poll()]);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#listeners.clear();
    await this.#running;
  }

  #wake(head?: number): void {
    for (const listener of this.#listeners) listener(head);
  }

  async #listen(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.#listenOnce().catch(() => undefined);
      await this.#pause(this.#pace.reconnectAfter);
    }
  }

  /** Listens on one connection until it is lost. */
  async #listenOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: "railyard listener",
      connectionTimeoutMillis: this.#options.connectTimeout,
      query_timeout: this.#pace.heartbeatTimeout,
      keepAlive: true,
    });
    const ended = new AbortController();
    const end = () => ended.abort();
    client.on("error", end).on("end", end);
    client.on("notification", () => this.#wake());
    this.#closed.signal.addEventListener("abort", end, { once: true });
    try {
      await client.connect();
      await client.query(`LISTEN ${LOG_CHANNEL}`);
      // For events that were committed before LISTEN.
      this.#wake();
      while (!ended.signal.aborted) {
        await this.#pause(this.#pace.heartbeatEvery, ended.signal);
        if (!ended.signal.aborted) await client.query("SELECT 1");
      }
    } finally {
      this.#closed.signal.removeEventListener("abort", end);
      // Not awaited: a dead connection would not respond.
      void client.end().catch(() => undefined);
    }
  }

  async #poll(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      await this.#pause(this.#pace.pollEvery);
      const head = await this.#head();
      // Even if it has not changed since the last poll: the log may have grown and been rewound in between.
      if (head !== null) this.#wake(head);
    }
  }

  /** The position of the newest event; null if it cannot be read now. */
  async #head(): Promise<number | null> {
    if (this.#closed.signal.aborted) return null;
    try {
      const [row] = await this.#options.reader.query("log_head", HEAD, sql`SELECT head FROM event_log WHERE id = 1`);
      return row?.head ?? null;
    } catch {
      return null;
    }
  }

  async #pause(milliseconds: number, signal: AbortSignal = this.#closed.signal): Promise<void> {
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  }
}
