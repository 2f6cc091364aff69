import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authentication } from "../auth/authentication.js";
import type { Execution } from "../execution/execute.js";
import { HttpRefusal } from "../execution/http-head.js";
import type { OperationRequest } from "../execution/request.js";
import { explorer } from "./explorer/explorer.js";
import type { FastPath } from "./fast-path.js";
import { parseBody, parseUrl, toTransport } from "./operation-request.js";
import { DEFAULT_MEDIA_TYPE, negotiateMediaType, serializeResult } from "./response.js";
import { toRefusal } from "./server.js";

export interface GraphqlParts {
  readonly execution: Execution;
  readonly authentication: Authentication;
  readonly fastPath: FastPath;
}

/**
 * Serves operations at `POST /graphql`, queries also at `GET /graphql`, and the explorer to browsers.
 *
 * Only the header `Authorization` authenticates. A page of another origin cannot send it without CORS, so cross-site
 * request forgery is impossible, even by GET.
 */
export async function serveGraphql(http: FastifyInstance, parts: GraphqlParts): Promise<void> {
  const { execution, authentication, fastPath } = parts;

  async function run(request: FastifyRequest, reply: FastifyReply, read: () => OperationRequest): Promise<string> {
    request.isOperation = true;
    const { method, headers } = request;
    const mediaType = negotiateMediaType(headers.accept);
    const {
      status,
      headers: added,
      result,
    } = await execution.execute(
      () => {
        if (mediaType === null) throw notAcceptable();
        return read();
      },
      {
        viewer: () => authentication.authenticate(headers.authorization),
        requestId: request.id,
        transport: toTransport(headers, method, performance.now() - reply.elapsedTime),
        subscription: null,
      },
    );
    reply
      .code(status)
      .headers(added)
      .type(mediaType ?? DEFAULT_MEDIA_TYPE);
    return serializeResult(result);
  }

  const page = explorer();
  await http.register(async (scope) => {
    // The fast path parses bodies with the same function.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_, body, done) => done(null, body));
    // Errors of the request itself, such as a body that is too large.
    scope.setErrorHandler((error: FastifyError, request, reply) =>
      run(request, reply, () => {
        throw toRefusal(error, request);
      }),
    );
    scope.get("/graphql", { exposeHeadRoute: false }, (request, reply) => {
      if (request.headers.accept?.includes("text/html")) return page(request, reply);
      // The response may contain data that only this viewer may read, such as secrets.
      return run(request, reply.header("cache-control", "no-store"), () => parseUrl(request.raw.url ?? ""));
    });
    scope.post("/graphql", {
      onSend: async (request, reply) => fastPath.rememberHeaders(request.headers, reply),
      handler: (request, reply) =>
        run(request, reply, () => parseBody(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))),
    });
    scope.route({
      method: ["HEAD", "PUT", "PATCH", "DELETE"],
      url: "/graphql",
      handler: (request, reply) =>
        run(request, reply, () => {
          throw new HttpRefusal(405, "Operations are sent by POST, queries also by GET.", { allow: "GET, POST" });
        }),
    });
  });
}

function notAcceptable(): HttpRefusal {
  return new HttpRefusal(406, "Accept must allow application/json or application/graphql-response+json.");
}
