import { LRUCache } from "lru-cache";
import type { AppendedEvent } from "../../database/changes.js";
import type { LogChanges } from "../../events/log-changes.js";
import type { ClientName } from "../telemetry/client-name.js";

/** Capacity: cached responses and their keys, in bytes. */
const MAX_BYTES = 32 * 2 ** 20;
/** Estimated overhead of an entry besides its body and key, in bytes. */
const ENTRY_OVERHEAD_BYTES = 1024;
/** Estimated size of a dependency of an entry, in bytes. */
const DEPENDENCY_BYTES = 100;

export interface CachedResponse {
  readonly body: Buffer;
  /** The operation's label in the log and the metrics. */
  readonly operation: string;
  /** The client that the body of the request names; null if it names none. */
  readonly client: ClientName | null;
}

interface Entry extends CachedResponse {
  readonly dependencies: readonly string[];
}

/**
 * Caches the bodies of responses as the bytes that were sent, until a row that they depend on changes.
 *
 * Invalidation follows the event log. Every commit that clients can see appends events, and `LogChanges` reports them:
 * on SQLite before a write is acknowledged, on PostgreSQL before a response is taken from the cache. So a request that
 * starts after a write was acknowledged never receives a response from before the write. A response is not cached if
 * a commit became known while it was computed: some of its rows may be older than the commit.
 */
export class ResponseStore {
  readonly #entries: LRUCache<string, Entry>;
  readonly #dependents = new Map<string, Set<string>>();
  #commits = 0;
  #hits = 0;
  #misses = 0;

  /** @param capacity in bytes. An entry may take an eighth of it. @default 32 MiB */
  constructor(changes: LogChanges, capacity = MAX_BYTES) {
    this.#entries = new LRUCache({
      maxSize: capacity,
      maxEntrySize: capacity / 8,
      sizeCalculation: ({ body, dependencies }, key) =>
        ENTRY_OVERHEAD_BYTES + body.length + 2 * key.length + DEPENDENCY_BYTES * dependencies.length,
      dispose: ({ dependencies }, key) => this.#removeDependent(key, dependencies),
    });
    changes.add({
      changed: (events) => this.#invalidate(events),
      reset: () => {
        this.#commits += 1;
        this.#entries.clear();
      },
    });
  }

  /**
   * Incremented by every commit that became known. A response is cached only if the value did not change while it was
   * computed.
   */
  get commits(): number {
    return this.#commits;
  }

  get statistics() {
    const { size, calculatedSize } = this.#entries;
    return { hits: this.#hits, misses: this.#misses, entries: size, bytes: calculatedSize };
  }

  /** Whether there is a response. A commit may still invalidate it before `find` is called. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  find(key: string): CachedResponse | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) this.#misses += 1;
    else this.#hits += 1;
    return entry ?? null;
  }

  /**
   * @param dependencies ids of the pipelines and apps that the response depends on
   * @param commitsAtStart the value of `commits` before the first row was read
   */
  store(key: string, response: CachedResponse, dependencies: ReadonlySet<string>, commitsAtStart: number): void {
    if (commitsAtStart !== this.#commits) return;
    const entry: Entry = { ...response, dependencies: [...dependencies] };
    this.#entries.set(key, entry);
    // An entry that is too large was not stored.
    if (this.#entries.peek(key) !== entry) return;
    for (const id of dependencies) {
      const keys = this.#dependents.get(id);
      if (keys === undefined) this.#dependents.set(id, new Set([key]));
      else keys.add(key);
    }
  }

  /** Drops every response that depends on what these events affect. */
  #invalidate(events: readonly AppendedEvent[]): void {
    this.#commits += 1;
    for (const { pipelineId, apps } of events) {
      if (pipelineId !== null) this.#dropDependents(pipelineId);
      for (const app of apps) this.#dropDependents(app);
    }
  }

  #dropDependents(id: string): void {
    for (const key of this.#dependents.get(id) ?? []) this.#entries.delete(key);
  }

  #removeDependent(key: string, dependencies: readonly string[]): void {
    for (const id of dependencies) {
      const keys = this.#dependents.get(id);
      keys?.delete(key);
      if (keys?.size === 0) this.#dependents.delete(id);
    }
  }
}
