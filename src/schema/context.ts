import type { Database } from "../database/database.js";
import { createLoaders, type Loaders } from "../database/loaders.js";
import type { Ctx, Durations } from "../domain/context.js";
import type { Viewer } from "../entities/token.js";
import type { Feed } from "../events/feed.js";

/** What a subscription needs besides: where events come from, and when to stop asking for them. */
export interface Live {
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
  readonly live: Live | null;
  // Not a #private field: Apollo works on a shallow copy of the context, which has none of those.
  private loaded: Loaders | null = null;

  constructor(ctx: Ctx, requestId: string, live: Live | null = null) {
    this.db = ctx.db;
    this.viewer = ctx.viewer;
    this.durations = ctx.durations;
    this.now = () => ctx.now();
    this.requestId = requestId;
    this.live = live;
  }

  get loaders(): Loaders {
    this.loaded ??= createLoaders(this.db.reader);
    return this.loaded;
  }

  /**
   * Runs a mutation, and forgets what was loaded before it: the mutations of one operation run one after the other, and
   * what each answers is to be read after it.
   */
  async act<T>(verb: (ctx: Ctx) => Promise<T>): Promise<T> {
    const result = await verb(this);
    this.loaded = null;
    return result;
  }
}
