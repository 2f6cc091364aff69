import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Viewer } from "../../entities/access/token.js";
import type { Context } from "../../schema/context.js";
import { Dependencies } from "../../schema/dependencies.js";
import type { CachedResponse, ResponseStore } from "./response-store.js";

/** What may be asked for at the root of a query whose answer is kept: what is made from pipelines and apps alone. */
const CACHEABLE_TYPES = new Set(["pipeline", "app", "stage", "__typename"]);

/** An answer that is being made, and may be kept. */
export interface PendingResponse {
  readonly asked: CacheKey;
  readonly sources: Dependencies;
  readonly begunAt: number;
}

/** What an answer hangs on, besides who asks and what the database holds. */
export interface CacheKey {
  /** The headers that an answer's own may hang on. */
  readonly varyHeaders: string;
  readonly body: Buffer;
}

/**
 * Which answers are kept, and for whom: those of queries that are made from pipelines and apps alone, for whoever sends
 * the very same bytes with a token that may see the same.
 */
export class ResponseCache {
  readonly #store: ResponseStore;
  readonly #enabled: boolean;

  /** @param enabled false where each answer is to be paid for, and so to be asked for */
  constructor(answers: ResponseStore, enabled: boolean) {
    this.#store = answers;
    this.#enabled = enabled && answers.enabled;
  }

  find(asked: CacheKey, viewer: Viewer): CachedResponse | null {
    return this.#enabled ? this.#store.find(cacheKey(viewer, asked)) : null;
  }

  /** Notes what the answer to a request will be made from. To be called before anything is read for it. */
  start(asked: CacheKey): PendingResponse {
    return { asked, sources: new Dependencies(), begunAt: this.#store.commits };
  }

  /** To be called with every answer that is sent with status 200: it is kept, if it may be. */
  store({ asked, sources, begunAt }: PendingResponse, answer: CachedResponse, viewer: Viewer): void {
    if (this.#enabled && sources.ids !== null) this.#store.store(cacheKey(viewer, asked), answer, sources.ids, begunAt);
  }

  /** Lets the sources of queries be traced whose answers may be kept, and forgets those of answers with errors. */
  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, contextValue }) => {
        if (operation !== undefined && isCacheable(operation)) contextValue.dependencies?.track();
      },
      willSendResponse: async ({ response: { body }, contextValue }) => {
        if (body.kind !== "single" || body.singleResult.errors !== undefined)
          contextValue.dependencies?.markUntracked();
      },
    }),
  };
}

/** What a query may see hangs on the role, and on the pipelines that the token is limited to, if it is. */
function cacheKey({ role, scope }: Viewer, { varyHeaders: manner, body }: CacheKey): string {
  return `${role} ${JSON.stringify(scope)} ${manner} ${body.toString("latin1")}`;
}

/** Fragments at the root are not looked into: their queries are answered as any other. */
function isCacheable({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === "query" &&
    selectionSet.selections.every(
      (selection) => selection.kind === Kind.FIELD && CACHEABLE_TYPES.has(selection.name.value),
    )
  );
}
