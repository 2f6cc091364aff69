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

/** Dependencies that all operations share. */
export interface GraphqlParts {
  readonly schema: GraphQLSchema;
  readonly ctx: Omit<Ctx, "viewer">;
  readonly authentication: Authentication;
  readonly admission: Admission;
  readonly observer: Observer;
  readonly responseCache: ResponseCache;
  readonly log: Logger;
}

/** Result of `serveGraphql`. */
export interface ServedGraphql {
  /** Runs operations under the same rules, for other transports. */
  readonly operations: Operations;
  readonly fastPath: FastPath;
}

/** Serves operations at `POST /graphql` and `GET /graphql`, and the explorer to browsers. */
export async function serveGraphql(http: FastifyInstance, parts: GraphqlParts): Promise<ServedGraphql> {
  const { observer, admission, authentication, responseCache } = parts;
  const operations = new Operations(parts);
  const fastPath = new FastPath({ ...parts, operations });
  fastPath.install(http);
  const apollo = new ApolloServer<Context>({
    schema: parts.schema,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Automatic persisted queries are not offered.
    persistedQueries: false,
    validationOptions: { maxErrors: MAX_ERRORS },
    csrfPrevention: true,
    // The cache-control plugin would run for every field, and the schema has no cache hints.
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      observer.plugin,
      admission.plugin,
      operations.plugin,
      responseCache.plugin,
      new CompiledQueries(parts.schema).plugin,
    ],
    logger: parts.log,
    formatError: (_, error) => {
      // Apollo does not pass the request here.
      const { current } = observer;
      const { error: shown, fault } = present(error, current?.id ?? "");
      if (fault !== null) parts.log.error({ requestId: current?.id, err: fault }, "operation failed");
      return shown;
    },
  });
  await apollo.start();
  operations.setApollo(apollo);
  http.addHook("onClose", () => apollo.stop());
  const viewers = new WeakMap<FastifyRequest, Viewer>();
  const handleWithApollo = fastifyApolloHandler(apollo, {
    context: async (request) => {
      const viewer = viewers.get(request);
      if (viewer === undefined) throw new Error("A request reached Apollo without a viewer.");
      return new Context(
        { ...parts.ctx, now: parts.ctx.now, viewer },
        request.id,
        null,
        fastPath.getDependencies(request),
      );
    },
  });
  const page = explorer();
  http.addHook("onResponse", async ({ operationRecord: record }) => {
    if (record !== null) observer.end(record);
  });
  http.route({
    method: ["GET", "POST"],
    url: "/graphql",
    preParsing: (req, _, payload, done) => done(null, fastPath.replayBody(req, payload)),
    onSend: (req, reply, payload, done) => {
      fastPath.rememberHeaders(req, reply, payload, viewers.get(req));
      done(null, payload);
    },
    handler: async (request, reply) => {
      if (request.method === "GET" && request.headers.accept?.includes("text/html")) return page(request, reply);
      const record = observer.begin(request.id);
      request.operationRecord = record;
      try {
        const viewer = await authentication.authenticate(request.headers.authorization);
        record.viewer = viewer.name;
        viewers.set(request, viewer);
        admitDocument(request, admission);
        const body = await observer.run(record, () => handleWithApollo.call(http, request, reply));
        // Apollo does not notify plugins when it refuses the HTTP request itself.
        if (reply.statusCode >= 400 && record.code === "OK") record.code = "BAD_USER_INPUT";
        return body;
      } catch (error) {
        observer.recordError(record, error);
        throw error;
      }
    },
  });
  return { operations, fastPath };
}

/** Admits the document of a request. Replaces the hash of a trusted document with its text. */
function admitDocument(request: FastifyRequest, admission: Admission): void {
  const location = request.method === "GET" ? "query" : "body";
  const params = request[location] as (RequestedDocument & object) | null | undefined;
  // A batch or no object: Apollo refuses it.
  if (typeof params !== "object" || params === null || Array.isArray(params)) return;
  const query = admission.admit(params);
  if (query === null || query === params.query) return;
  const { documentId: _, extensions: __, ...rest } = params;
  request[location] = { ...rest, query };
}
