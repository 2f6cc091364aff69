import type { Database } from "../database/database.js";
import { createLoaders, type Loaders } from "../database/queries/loaders.js";
import type { Reader } from "../database/rows/reader.js";
import { type Ctx, contextFor, type Durations } from "../domain/core/context.js";
import type { Viewer } from "../entities/access/token.js";
import type { Feed } from "../events/feed.js";
import { type Dependencies, trackingLoaders, trackingReader } from "./dependencies.js";

/** What a subscription needs besides: where events come from, and when to stop asking for them. */
export interface SubscriptionSource {
  readonly feed: Feed;
  readonly signal: AbortSignal;
}

/** What the resolvers of one operation share: who asks, and what has been loaded for them so far. */
export class Context implements Ctx {
  readonly db: Database;
  readonly viewer: Viewer;
  readonly durations: Durations;
  readonly now: () => Date;
  /** Names the request in the log, and in the answer to a fault. */
  readonly requestId: string;
  /** Null where the operation came by a way that carries no subscriptions. */
  readonly subscriptionSource: SubscriptionSource | null;
  // Not a #private field: Apollo works on a shallow copy of the context, which has none of those.
  private loaded: Loaders | null = null;
  private readonly untracked: Reader;
  /** Where what the answer is made from is noted, if anybody wants to know. */
  readonly dependencies: Dependencies | null;

  /** @param as the service's own context, and who asks: what they may see and touch of it is worked out here */
  constructor(as: Ctx, requestId: string, live: SubscriptionSource | null = null, sources: Dependencies | null = null) {
    const ctx = contextFor(as, as.viewer);
    this.untracked = ctx.db.reader;
    this.dependencies = sources;
    this.db =
      sources === null ? ctx.db : Object.create(ctx.db, { reader: { value: trackingReader(ctx.db.reader, sources) } });
    this.viewer = ctx.viewer;
    this.durations = ctx.durations;
    this.now = () => ctx.now();
    this.requestId = requestId;
    this.subscriptionSource = live;
  }

  get loaders(): Loaders {
    this.loaded ??=
      this.dependencies === null
        ? createLoaders(this.untracked)
        : trackingLoaders(this.untracked, this.db.reader, this.dependencies);
    return this.loaded;
  }

  /** Looks for a pipeline or an app by what is unique to it: its id, or the name of one that is not deleted. */
  async lookup<T extends { id: string }>(find: (reader: Reader) => Promise<T | null>): Promise<T | null> {
    const row = await find(this.untracked);
    this.dependencies?.addLookup(row);
    return row;
  }

  /**
   * Runs a mutation, and forgets what was loaded before it: the mutations of one operation run one after the other, and
   * what each answers is to be read after it.
   */
  async mutate<T>(verb: (ctx: Ctx) => Promise<T>): Promise<T> {
    const result = await verb(this);
    this.loaded = null;
    return result;
  }
}
