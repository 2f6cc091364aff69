import type { Database } from "../database/database.js";
import { createLoaders, type Loaders } from "../database/queries/loaders.js";
import type { Reader } from "../database/rows/reader.js";
import type { KeyRing } from "../domain/config-vars/key-ring.js";
import { ConfigValueLoader } from "../domain/config-vars/read-config.js";
import { type Ctx, contextFor, type Durations } from "../domain/core/context.js";
import { transactionTime } from "../domain/core/values/time.js";
import type { Viewer } from "../entities/access/token.js";
import type { Feed } from "../events/feed/feed.js";
import { ConsistentReads } from "./consistent-reads.js";
import { type Dependencies, trackingLoaders, trackingReader } from "./dependencies.js";
import type { ResultSize } from "./result-size.js";

/** What a subscription needs in addition: the event feed, and the signal that ends the subscription. */
export interface SubscriptionSource {
  readonly feed: Feed;
  readonly signal: AbortSignal;
}

/** The state that the resolvers of one operation share: the viewer and the loaders with their cache. */
export class Context implements Ctx {
  readonly db: Database;
  readonly viewer: Viewer;
  readonly durations: Durations;
  readonly sender: Ctx["sender"];
  readonly publicUrl: string | null;
  readonly now: () => Date;
  readonly hasTestClock: boolean;
  readonly keyRing: KeyRing | null;
  readonly showsSecrets: boolean;
  /** Identifies the request in the log and in internal errors. */
  readonly requestId: string;
  /** Null if the operation's transport does not support subscriptions. */
  readonly subscriptionSource: SubscriptionSource | null;
  // Not a #private field: Apollo makes a shallow copy of the context, which drops those.
  private currentLoaders: Loaders | null = null;
  private currentTime: Promise<Date> | null = null;
  private currentConfigValues: ConfigValueLoader | null = null;
  private lastInTurn: Promise<unknown> = Promise.resolve();
  private readonly plainReader: Reader;
  /** The head of the log when the operation began; null unless it selects `Query.cursor`. */
  logHead: number | null = null;
  readonly reads: ConsistentReads;
  /** Collects what the result depends on, for the response cache; null if it is not tracked. */
  readonly dependencies: Dependencies | null;
  /** Counts the rows of the result, and ends an operation that has too many. */
  readonly resultSize: ResultSize;

  /**
   * @param base the service's context and the viewer; the constructor limits it to the rows that the viewer may access
   */
  constructor(
    base: Ctx,
    requestId: string,
    resultSize: ResultSize,
    subscriptionSource: SubscriptionSource | null = null,
    dependencies: Dependencies | null = null,
  ) {
    const ctx = contextFor(base, base.viewer);
    this.reads = new ConsistentReads(ctx.db);
    const charged = ctx.db.reader.chargedTo(resultSize);
    this.plainReader = ctx.db.exclusive ? charged : charged.withRunner(this.reads.wrap);
    this.dependencies = dependencies;
    this.resultSize = resultSize;
    const reader = dependencies === null ? this.plainReader : trackingReader(this.plainReader, dependencies);
    this.db = Object.create(ctx.db, { reader: { value: reader } });
    this.viewer = ctx.viewer;
    this.durations = ctx.durations;
    this.sender = ctx.sender;
    this.publicUrl = ctx.publicUrl;
    this.now = () => ctx.now();
    this.hasTestClock = ctx.hasTestClock ?? false;
    this.keyRing = ctx.keyRing ?? null;
    this.showsSecrets = ctx.showsSecrets ?? true;
    this.requestId = requestId;
    this.subscriptionSource = subscriptionSource;
  }

  get loaders(): Loaders {
    this.currentLoaders ??=
      this.dependencies === null
        ? createLoaders(this.plainReader, () => this.time(), this.resultSize)
        : trackingLoaders(this.plainReader, this.db.reader, () => this.time(), this.dependencies, this.resultSize);
    return this.currentLoaders;
  }

  /** The time by which gates are evaluated, once for all fields of the operation. */
  private time(): Promise<Date> {
    this.currentTime ??= transactionTime(this.plainReader, this);
    return this.currentTime;
  }

  /** The values of config vars, each read at most once for the operation. */
  get configValues(): ConfigValueLoader {
    this.currentConfigValues ??= new ConfigValueLoader(this);
    return this.currentConfigValues;
  }

  /**
   * Computes expensive fields one after the other, so that the operation ends with the first one that exceeds its
   * limits.
   *
   * @throws Refusal QUERY_TOO_LARGE if an earlier one has exceeded them
   */
  inTurn<T>(compute: () => Promise<T>): Promise<T> {
    const computed = this.lastInTurn.then(() => {
      this.resultSize.addWork(0);
      return compute();
    });
    this.lastInTurn = computed.catch(() => undefined);
    return computed;
  }

  /** Looks up a pipeline or an app by a unique key: its id, or its name if it is not deleted. */
  async lookup<T extends { id: string }>(find: (reader: Reader) => Promise<T | null>): Promise<T | null> {
    const row = await find(this.plainReader);
    this.dependencies?.addLookup(row);
    return row;
  }

  /**
   * Runs a mutation, then resets the loaders. The mutations of one operation run in sequence, and the fields of each
   * result must not be resolved from rows loaded before the write.
   */
  async mutate<T>(mutation: (ctx: Ctx) => Promise<T>): Promise<T> {
    const result = await mutation(this);
    this.resultSize.committed = true;
    this.currentLoaders = null;
    this.currentTime = null;
    this.currentConfigValues = null;
    return result;
  }
}
