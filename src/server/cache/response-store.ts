import type { Database } from "../../database/database.js";
import type { AppendedEvent, Tx } from "../../database/rows/reader.js";

/** Capacity: cached responses and their keys, in bytes. */
const MAX_BYTES = 32 * 2 ** 20;
/** Estimated overhead of an entry besides its body and key, in bytes. */
const ENTRY_OVERHEAD_BYTES = 1024;

export interface CachedResponse {
  readonly body: Buffer;
  /** Alternating names and values. */
  readonly headers: readonly string[];
  /** The operation's label in the log and the metrics. */
  readonly operation: string;
}

interface Entry extends CachedResponse {
  readonly dependencies: readonly string[];
  readonly size: number;
}

/**
 * Caches responses as the bytes that were sent, until a row that they depend on changes.
 *
 * Invalidation follows the event log. Every commit that clients can see appends events. A write through
 * `invalidateOnWrite` drops the responses that depend on the affected pipelines and apps before it resolves. So a
 * request that starts after a write was acknowledged never receives a response from before the write. A response is not
 * cached if anything was committed while it was computed: some of its rows may be older than the commit.
 */
export class ResponseStore {
  readonly #database: Database;
  /** In order of last use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #capacity: number;
  #commits = 0;
  #tokenChanges = 0;
  #size = 0;
  #hits = 0;
  #misses = 0;

  constructor(database: Database, capacity = MAX_BYTES) {
    this.#database = database;
    this.#capacity = capacity;
  }

  /**
   * Whether responses are cached. They are not if other processes write to the same database: those acknowledge writes
   * without invalidating this cache.
   */
  get enabled(): boolean {
    return this.#database.reader.dialect.name === "sqlite";
  }

  /**
   * Incremented by every observed commit. A response is cached only if the value did not change while it was computed.
   */
  get commits(): number {
    return this.#commits;
  }

  /** Incremented by every commit that created or revoked a token. A cached token is valid only for the same value. */
  get tokenChanges(): number {
    return this.#tokenChanges;
  }

  get statistics() {
    return { hits: this.#hits, misses: this.#misses, entries: this.#entries.size, bytes: this.#size };
  }

  /** Wraps the database so that each write drops the responses it makes stale before the write is acknowledged. */
  invalidateOnWrite(): Database {
    const database = this.#database;
    return Object.create(database, {
      write: {
        value: async <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
          let appended: readonly AppendedEvent[] = [];
          try {
            return await database.write((tx) => {
              appended = tx.appended;
              return work(tx);
            });
          } finally {
            // Also after a failure: an unconfirmed commit may have taken place.
            this.#invalidate(appended);
          }
        },
      },
    }) as Database;
  }

  find(key: string): CachedResponse | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#misses += 1;
      return null;
    }
    this.#hits += 1;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  /**
   * @param dependencies ids of the pipelines and apps that the response depends on
   * @param commitsAtStart the value of `commits` before the first row was read
   */
  store(key: string, response: CachedResponse, dependencies: ReadonlySet<string>, commitsAtStart: number): void {
    const size = ENTRY_OVERHEAD_BYTES + response.body.length + 2 * key.length + 100 * dependencies.size;
    if (!this.enabled || commitsAtStart !== this.#commits || size > this.#capacity / 8) return;
    this.#drop(key);
    this.#entries.set(key, { ...response, dependencies: [...dependencies], size });
    this.#size += size;
    for (const id of dependencies) {
      const keys = this.#dependents.get(id);
      if (keys === undefined) this.#dependents.set(id, new Set([key]));
      else keys.add(key);
    }
    for (const [oldest] of this.#entries) {
      if (this.#size <= this.#capacity) break;
      this.#drop(oldest);
    }
  }

  /** Drops every response that depends on what these events affect. */
  #invalidate(appended: readonly AppendedEvent[]): void {
    if (appended.length === 0) return;
    this.#commits += 1;
    for (const { type, pipelineId, apps } of appended) {
      if (type.startsWith("TOKEN_")) this.#tokenChanges += 1;
      if (pipelineId !== null) this.#dropDependents(pipelineId);
      for (const app of apps) this.#dropDependents(app);
    }
  }

  #dropDependents(id: string): void {
    for (const key of this.#dependents.get(id) ?? []) this.#drop(key);
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
    for (const id of entry.dependencies) {
      const keys = this.#dependents.get(id);
      keys?.delete(key);
      if (keys?.size === 0) this.#dependents.delete(id);
    }
  }
}
