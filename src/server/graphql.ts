import { AsyncLocalStorage } from "node:async_hooks";
import { ApolloServer } from "@apollo/server";
import { ApolloServerPluginCacheControlDisabled } from "@apollo/server/plugin/disabled";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { GraphQLError, type GraphQLSchema } from "graphql";
import type { Ctx } from "../domain/context.js";
import { Refusal } from "../domain/refusal.js";
import type { Viewer } from "../entities/token.js";
import { Context } from "../schema/context.js";
import { asRefusal, present, STATUS_OF_REQUEST } from "../schema/errors.js";
import type { Authentication } from "./authentication.js";
import { explorer } from "./explorer.js";
import type { KeptAnswers } from "./kept-answers.js";
import type { Logger } from "./log.js";
import { Operations } from "./operations.js";

/** What an operation needs that is the same for all of them. */
export interface GraphqlParts {
  readonly schema: GraphQLSchema;
  readonly ctx: Omit<Ctx, "viewer">;
  readonly authentication: Authentication;
  readonly kept: KeptAnswers;
  readonly log: Logger;
}

/**
 * Serves operations at `POST /graphql`, queries at `GET /graphql`, and there the explorer to browsers.
 *
 * @returns the same operations under the same rules, for whatever else they may come by
 */
export async function serveGraphql(http: FastifyInstance, parts: GraphqlParts): Promise<Operations> {
  // Apollo words its errors without knowing the request that they belong to.
  const request = new AsyncLocalStorage<{ readonly id: string }>();
  const operations = new Operations(parts, (id, task) => request.run({ id }, task));
  const { kept } = parts;
  kept.stand(http);
  const apollo = new ApolloServer<Context>({
    schema: parts.schema,
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // What a query may hold is limited by its size; keeping documents by hash is not offered.
    persistedQueries: false,
    csrfPrevention: true,
    // It would be asked at every field of every answer, for hints that nothing here gives.
    plugins: [ApolloServerPluginCacheControlDisabled(), operations.plugin, kept.plugin],
    logger: parts.log,
    formatError: (_, error) => {
      const current = request.getStore();
      const { error: shown, fault } = present(error, current?.id ?? "");
      if (fault !== null) parts.log.error({ requestId: current?.id, err: fault }, "an operation failed");
      return shown;
    },
  });
  await apollo.start();
  operations.use(apollo);
  http.addHook("onClose", () => apollo.stop());
  const answer = fastifyApolloHandler(apollo, {
    context: async (req) => {
      try {
        const viewer = await parts.authentication.viewerOf(req.headers.authorization);
        const context = new Context({ ...parts.ctx, now: parts.ctx.now, viewer }, req.id, null, kept.sourcesOf(req));
        viewers.set(req, viewer);
        return context;
      } catch (error) {
        throw refusedRequest(error);
      }
    },
  });
  const viewers = new WeakMap<FastifyRequest, Viewer>();
  const page = explorer();
  http.route({
    method: ["GET", "POST"],
    url: "/graphql",
    preParsing: (req, _, payload, done) => done(null, kept.body(req, payload)),
    onSend: (req, reply, payload, done) => {
      kept.keep(req, reply, payload, viewers.get(req));
      done(null, payload);
    },
    handler: (req, reply) => {
      if (req.method === "GET" && req.headers.accept?.includes("text/html")) return page(req, reply);
      return request.run(req, () => answer.call(http, req, reply));
    },
  });
  return operations;
}

/** A refusal of the whole request, with the HTTP status that belongs to it; Apollo would answer 500. */
function refusedRequest(thrown: unknown): unknown {
  const error = asRefusal(thrown);
  if (!(error instanceof Refusal)) return error;
  const status = STATUS_OF_REQUEST[error.code] ?? 400;
  return new GraphQLError(error.message, { originalError: error, extensions: { code: error.code, http: { status } } });
}
