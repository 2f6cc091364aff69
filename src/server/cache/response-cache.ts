import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Viewer } from "../../entities/access/token.js";
import type { Context } from "../../schema/context.js";
import { Dependencies } from "../../schema/dependencies.js";
import type { CachedResponse, ResponseStore } from "./response-store.js";

/** Root fields of cacheable queries. Their results depend only on pipelines and apps. */
const CACHEABLE_TYPES = new Set(["pipeline", "app", "stage", "__typename"]);

/** A response that is being computed and may be cached. */
export interface PendingResponse {
  /** The body of the request. */
  readonly request: Buffer;
  readonly dependencies: Dependencies;
  readonly commitsAtStart: number;
}

/**
 * Decides which responses are cached and who may receive them. Caches queries whose result depends only on pipelines
 * and apps. A hit needs an identical request body and a token with the same role and scope.
 */
export class ResponseCache {
  readonly #store: ResponseStore;
  readonly #enabled: boolean;

  /** @param enabled false if every operation must be charged to a budget, and so executed */
  constructor(store: ResponseStore, enabled: boolean) {
    this.#store = store;
    this.#enabled = enabled;
  }

  /**
   * The key of a request, for `has` and `find`. Computing it is more expensive than either, so compute it once. Null if
   * nothing is cached.
   *
   * @param request the body of the request
   * @param viewer the viewer when the response is sent: the role and scope are part of the key
   */
  key(request: Buffer, viewer: Viewer): string | null {
    return this.#enabled ? cacheKey(viewer, request) : null;
  }

  /** Whether there is a response. Not counted as a hit or a miss. */
  has(key: string): boolean {
    return this.#store.has(key);
  }

  find(key: string): CachedResponse | null {
    return this.#store.find(key);
  }

  /** Starts to track the dependencies of a response. Call it before any row is read for the request. */
  start(request: Buffer): PendingResponse {
    return { request, dependencies: new Dependencies(), commitsAtStart: this.#store.commits };
  }

  /** Caches a response if it is cacheable. Call it for every response with status 200. */
  store({ request, dependencies, commitsAtStart }: PendingResponse, response: CachedResponse, viewer: Viewer): void {
    if (this.#enabled && dependencies.ids !== null)
      this.#store.store(cacheKey(viewer, request), response, dependencies.ids, commitsAtStart);
  }

  /** Tracks the dependencies of cacheable queries, and excludes responses with errors. */
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

/** The visible rows depend on the role and on the pipelines in the token's scope. */
function cacheKey({ role, scope }: Viewer, request: Buffer): string {
  return `${role} ${JSON.stringify(scope)} ${request.toString("latin1")}`;
}

/** A query with fragments at its root is not cached. */
function isCacheable({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === "query" &&
    selectionSet.selections.every(
      (selection) => selection.kind === Kind.FIELD && CACHEABLE_TYPES.has(selection.name.value),
    )
  );
}
