import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
  LogController,
} from "fastify";
import { asRefusal, Refusal } from "../../domain/core/refusal.js";
import { noSuchRoute } from "../../integrations/platform/errors.js";
import { present } from "../../schema/errors.js";
import { HttpRefusal, toHttpHead } from "../execution/http-head.js";
import { bodyTooLarge, MAX_BODY_BYTES } from "../execution/limits.js";
import type { Logger } from "../telemetry/log.js";
import { stripBasePath, stripFromUpgrades } from "./base-path.js";
import type { FastPath } from "./fast-path.js";
import { notAnOperation } from "./operation-request.js";

declare module "fastify" {
  interface FastifyRequest {
    /** Whether the request is a GraphQL operation, which is recorded where it is executed. */
    isOperation: boolean;
  }
}

export interface HttpOptions {
  readonly log: Logger;
  /** Additional origins allowed by CORS. */
  readonly allowedOrigins: readonly string[];
  readonly fastPath: FastPath;
  /** The path that the service is reached under, without a slash at its end; empty for none. */
  readonly basePath: string;
}

/** Creates the HTTP server without routes: logging, headers and error format. */
export async function createHttp({ log, allowedOrigins, fastPath, basePath }: HttpOptions): Promise<FastifyInstance> {
  const sendError = (thrown: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const error = toRefusal(thrown, request);
    if (!(error instanceof Refusal)) request.log.error({ err: error }, "request failed");
    const { status, headers } = toHttpHead(error);
    reply.code(status).headers(headers).send(errorBody(error, request.id));
  };
  const http = Fastify({
    serverFactory: withFastPath(fastPath, basePath),
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    routerOptions: { maxParamLength: 1024 },
    // Handles errors before routing.
    frameworkErrors: sendError,
  });
  await http.register(helmet, {
    // Plain HTTP is common on localhost. The load balancer sets TLS headers.
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  await http.register(cors, { origin: allowedOrigins.length === 0 ? false : [...allowedOrigins], maxAge: 86_400 });

  acceptEmptyBodies(http);
  http.decorateRequest("isOperation", false);
  http.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  http.addHook("onResponse", async (request, reply) => {
    if (request.isOperation) return;
    const { method, url } = request;
    const path = url.split("?", 1)[0];
    const duration = Math.round(reply.elapsedTime * 10) / 10;
    const viewer = request.platformViewer?.name;
    request.log.info({ method, path, viewer, status: reply.statusCode, duration }, "request");
  });
  http.setNotFoundHandler((request, reply) => {
    const body = noSuchRoute(request.method, request.url);
    // Clients of either API may be at the wrong path, and each reads its own form of errors.
    reply.code(404).send({ ...body, ...errorBody(new Refusal("NOT_FOUND", body.message), request.id) });
  });
  http.setErrorHandler(sendError);
  return http;
}

/** Creates the server: requests that the fast path does not answer go to Fastify, and all requests during a stop. */
function withFastPath(fastPath: FastPath, basePath: string): FastifyServerFactory<Server> {
  return (handler, options) => {
    const server = createServer((request, response) => {
      request.url = stripBasePath(request.url ?? "/", basePath);
      if (server.listening && fastPath.tryAnswer(request, response)) return;
      handler(request, response);
    });
    stripFromUpgrades(server, basePath);
    // With a factory, Fastify leaves its own settings to us.
    const { keepAliveTimeout, requestTimeout } = options as { keepAliveTimeout: number; requestTimeout: number };
    server.keepAliveTimeout = keepAliveTimeout;
    server.requestTimeout = requestTimeout;
    return server;
  };
}

/** Translates Fastify's client errors into refusals. Other errors are internal. */
export function toRefusal(error: FastifyError, request: FastifyRequest): Error {
  const refusal = asRefusal(error);
  if (refusal instanceof Refusal) return refusal;
  if (error.code === "FST_ERR_BAD_URL") {
    return new HttpRefusal(400, "The URL is malformed: % must be followed by two hexadecimal digits.");
  }
  if (error.statusCode === 413) return bodyTooLarge("body", request.routeOptions.bodyLimit);
  if (error.statusCode === 415) {
    return new HttpRefusal(415, "The body must be JSON, sent with the header `Content-Type: application/json`.");
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return notAnOperation();
  }
  return error;
}

function errorBody(error: Error, requestId: string) {
  return { errors: [present(error, requestId).error] };
}

/**
 * Makes an empty body no body. Akkeris' command line sends `Content-Type: application/json` with each request, also with a
 * DELETE, which Fastify refuses.
 */
function acceptEmptyBodies(http: FastifyInstance): void {
  const parseJson = http.getDefaultJsonParser("error", "error");
  http.removeContentTypeParser("application/json");
  http.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parseJson(request, body, done);
  });
}
