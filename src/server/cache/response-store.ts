import type { Database } from "../../database/database.js";
import type { AppendedEvent, Tx } from "../../database/rows/reader.js";

/** The most that kept answers and their questions may weigh together, in bytes. */
const MAX_BYTES = 32 * 2 ** 20;
/** What an answer weighs besides its bytes and its question: the entries that find it again, in bytes. */
const ENTRY_OVERHEAD_BYTES = 1024;

export interface CachedResponse {
  readonly body: Buffer;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  /** What was asked for, as the log and the metrics tell of it. */
  readonly operation: string;
}

interface Entry extends CachedResponse {
  readonly sources: readonly string[];
  readonly weight: number;
}

/**
 * Answers, kept as the bytes that were sent, until something that they were made from changes.
 *
 * The log says what has changed: every commit that a client can see appends its events, and every write through `watch`
 * drops, before it resolves, what is made from the pipelines and apps that they concern. So nobody who asks after a write
 * was acknowledged gets an answer from before it. An answer that was being made while something was
 * committed is not kept, whatever it was: some of its rows may be from before.
 */
export class ResponseStore {
  readonly #database: Database;
  /** From the one that was asked for longest ago. */
  readonly #entries = new Map<string, Entry>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #capacity: number;
  #commits = 0;
  #tokenChanges = 0;
  #weight = 0;
  #hits = 0;
  #misses = 0;

  constructor(database: Database, capacity = MAX_BYTES) {
    this.#database = database;
    this.#capacity = capacity;
  }

  /**
   * Whether anything is kept. Where other processes write to the same database nothing is: they acknowledge their writes
   * without asking this one.
   */
  get enabled(): boolean {
    return this.#database.reader.dialect.name === "sqlite";
  }

  /** Moves on with every commit that was seen: an answer begun at another value than it was finished at is not kept. */
  get commits(): number {
    return this.#commits;
  }

  /** Moves on with every commit that made or revoked a token: what is known of one is good for one value of it. */
  get tokenChanges(): number {
    return this.#tokenChanges;
  }

  get statistics() {
    return { hits: this.#hits, misses: this.#misses, entries: this.#entries.size, bytes: this.#weight };
  }

  /** The same database, every write of which drops the answers that it has made stale before it is acknowledged. */
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
            // Also where it failed: whether a commit that was not confirmed took place is not known.
            this.#invalidate(appended);
          }
        },
      },
    }) as Database;
  }

  find(question: string): CachedResponse | null {
    const entry = this.#entries.get(question);
    if (entry === undefined) {
      this.#misses += 1;
      return null;
    }
    this.#hits += 1;
    this.#entries.delete(question);
    this.#entries.set(question, entry);
    return entry;
  }

  /**
   * @param sources the pipelines and apps that the answer was made from
   * @param begunAt what `commits` was before the first row was read
   */
  store(question: string, kept: CachedResponse, sources: ReadonlySet<string>, begunAt: number): void {
    const weight = ENTRY_OVERHEAD_BYTES + kept.body.length + 2 * question.length + 100 * sources.size;
    if (!this.enabled || begunAt !== this.#commits || weight > this.#capacity / 8) return;
    this.#drop(question);
    this.#entries.set(question, { ...kept, sources: [...sources], weight });
    this.#weight += weight;
    for (const id of sources) {
      const questions = this.#dependents.get(id);
      if (questions === undefined) this.#dependents.set(id, new Set([question]));
      else questions.add(question);
    }
    for (const [oldest] of this.#entries) {
      if (this.#weight <= this.#capacity) break;
      this.#drop(oldest);
    }
  }

  /** Drops every answer that these events concern. */
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
    for (const question of this.#dependents.get(id) ?? []) this.#drop(question);
  }

  #drop(question: string): void {
    const entry = this.#entries.get(question);
    if (entry === undefined) return;
    this.#entries.delete(question);
    this.#weight -= entry.weight;
    for (const id of entry.sources) {
      const questions = this.#dependents.get(id);
      questions?.delete(question);
      if (questions?.size === 0) this.#dependents.delete(id);
    }
  }
}
