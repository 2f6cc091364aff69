import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Ctx } from "../../domain/core/context.js";
import type { Viewer } from "../../entities/access/token.js";
import { Context } from "../../schema/context.js";
import { present } from "../../schema/errors.js";
import type { Authentication } from "../auth/authentication.js";
import type { ResponseCache } from "../cache/response-cache.js";
import type { Admission, RequestedDocument } from "../execution/admission.js";
import { CompiledQueries } from "../execution/jit.js";
import { MAX_ERRORS } from "../execution/limits.js";
import { Operations } from "../execution/operations.js";
import type { Logger } from "../telemetry/log.js";
import type { Observer } from "../telemetry/operation-record.js";
import { explorer } from "./explorer.js";
import { FastPath } from "./fast-path.js";

/** What an operation needs that is the same for all of them. */
export interface GraphqlParts {
  readonly schema: GraphQLSchema;
  readonly ctx: Omit<Ctx, "viewer">;
  readonly authentication: Authentication;
  readonly admission: Admission;
  readonly observer: Observer;
  readonly kept: ResponseCache;
  readonly log: Logger;
}

/** What came of serving operations over HTTP. */
export interface ServedGraphql {
  /** The same operations under the same rules, for whatever else they may come by. */
  readonly operations: Operations;
  readonly fastPath: FastPath;
}

/**
 * Serves operations at `POST /graphql`, queries at `GET /graphql`, and there the explorer to browsers.
 */
export async function serveGraphql(http: FastifyInstance, parts: GraphqlParts): Promise<ServedGraphql> {
  const { observer, admission, authentication, kept } = parts;
  const operations = new Operations(parts);
  const fastLane = new FastPath({ ...parts, operations });
  fastLane.install(http);
  const apollo = new ApolloServer<Context>({
    schema: parts.schema,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // What a query may hold is limited by its size; keeping documents by hash is not offered.
    persistedQueries: false,
    validationOptions: { maxErrors: MAX_ERRORS },
    csrfPrevention: true,
    // It would be asked at every field of every answer, for hints that nothing here gives.
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      observer.plugin,
      admission.plugin,
      operations.plugin,
      kept.plugin,
      new CompiledQueries(parts.schema).plugin,
    ],
    logger: parts.log,
    formatError: (_, error) => {
      // Apollo words its errors without knowing the request that they belong to.
      const { current } = observer;
      const { error: shown, fault } = present(error, current?.id ?? "");
      if (fault !== null) parts.log.error({ requestId: current?.id, err: fault }, "an operation failed");
      return shown;
    },
  });
  await apollo.start();
  operations.use(apollo);
  http.addHook("onClose", () => apollo.stop());
  const viewers = new WeakMap<FastifyRequest, Viewer>();
  const answer = fastifyApolloHandler(apollo, {
    context: async (request) => {
      const viewer = viewers.get(request);
      if (viewer === undefined) throw new Error("A request came to Apollo before its viewer was known.");
      return new Context(
        { ...parts.ctx, now: parts.ctx.now, viewer },
        request.id,
        null,
        fastLane.dependenciesOf(request),
      );
    },
  });
  const page = explorer();
  http.addHook("onResponse", async ({ observed }) => {
    if (observed !== null) observer.end(observed);
  });
  http.route({
    method: ["GET", "POST"],
    url: "/graphql",
    preParsing: (req, _, payload, done) => done(null, fastLane.body(req, payload)),
    onSend: (req, reply, payload, done) => {
      fastLane.rememberHeaders(req, reply, payload, viewers.get(req));
      done(null, payload);
    },
    handler: async (request, reply) => {
      if (request.method === "GET" && request.headers.accept?.includes("text/html")) return page(request, reply);
      const observed = observer.begin(request.id);
      request.observed = observed;
      try {
        const viewer = await authentication.viewerOf(request.headers.authorization);
        observed.viewer = viewer.name;
        viewers.set(request, viewer);
        admitDocument(request, admission);
        const body = await observer.within(observed, () => answer.call(http, request, reply));
        // What Apollo refuses of the request itself it does not tell its plugins.
        if (reply.statusCode >= 400 && observed.code === "OK") observed.code = "BAD_USER_INPUT";
        return body;
      } catch (error) {
        observer.refused(observed, error);
        throw error;
      }
    },
  });
  return { operations, fastPath: fastLane };
}

/** Lets the document of a request pass the gate; one that was asked for by its hash is put in as if its text had been sent. */
function admitDocument(request: FastifyRequest, admission: Admission): void {
  const place = request.method === "GET" ? "query" : "body";
  const asked = request[place] as (RequestedDocument & object) | null | undefined;
  // A batch, or none: Apollo refuses it.
  if (typeof asked !== "object" || asked === null || Array.isArray(asked)) return;
  const query = admission.documentOf(asked);
  if (query === null || query === asked.query) return;
  const { documentId: _, extensions: __, ...rest } = asked;
  request[place] = { ...rest, query };
}
