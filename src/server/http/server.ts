import { randomUUID } from "node:crypto";
import { createServer, type Server, type ServerOptions } from "node:http";
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
import type { ByteBudget } from "../../async/byte-budget.js";
import { asRefusal, Refusal } from "../../domain/core/refusal.js";
import { noSuchRoute } from "../../integrations/platform/errors.js";
import { present } from "../../schema/errors.js";
import { bodyTooLarge, MAX_BODY_BYTES } from "../execution/admission/limits.js";
import { HttpRefusal, toHttpHead } from "../execution/http-head.js";
import type { Logger } from "../telemetry/log.js";
import { stripBasePath, stripFromUpgrades } from "./base-path.js";
import { answerClientError } from "./client-errors.js";
import type { FastPath } from "./fast-path.js";
import { countBody, countResponse } from "./memory-limits.js";
import { notAnOperation } from "./operation-request.js";
import { oneAtATime } from "./pipelining.js";

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
  /** How long a request may take to arrive, headers and body, in milliseconds. */
  readonly requestTimeout: number;
  /** Limits the bytes of requests that are arriving. */
  readonly incoming: ByteBudget;
  /** Limits the bytes of responses that clients have not read. */
  readonly outgoing: ByteBudget;
}

/** How long the headers of a request may take to arrive, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How often connections are checked against these timeouts, in milliseconds. */
const DEADLINE_CHECK_INTERVAL_MS = 1_000;

/** Creates the HTTP server without routes: logging, headers and error format. */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { log, allowedOrigins, incoming, outgoing } = options;
  const sendError = (thrown: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const error = toRefusal(thrown, request);
    if (!(error instanceof Refusal)) request.log.error({ err: error }, "request failed");
    const { status, headers } = toHttpHead(error);
    reply.code(status).headers(headers).send(errorBody(error, request.id));
  };
  const http = Fastify({
    serverFactory: withFastPath(options),
    clientErrorHandler: answerClientError,
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: "idle",
    // `HttpStop` refuses requests during a stop, in the format of their API.
    return503OnClosing: false,
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
  // Not async: a body must not begin to flow before its parser listens.
  http.addHook("preParsing", (request, _, payload, done) => {
    if (request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined)
      countBody(incoming, request.raw);
    done(null, payload);
  });
  http.addHook("onSend", async (request, reply, payload) => {
    reply.header("x-request-id", request.id);
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return;
    setImmediate(() => countResponse(outgoing, reply.raw, payload.length));
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
    // The client may be of either API, so the body has the errors of both formats.
    reply.code(404).send({ ...body, ...errorBody(new Refusal("NOT_FOUND", body.message), request.id) });
  });
  http.setErrorHandler(sendError);
  return http;
}

/** Creates the server. Fastify gets the requests that the fast path does not answer, and during a stop all requests. */
function withFastPath({ fastPath, basePath, requestTimeout }: HttpOptions): FastifyServerFactory<Server> {
  return (handler, options) => {
    // With a factory, Fastify leaves its own settings to us.
    const { keepAliveTimeout } = options as { keepAliveTimeout: number };
    const settings: ServerOptions = {
      keepAliveTimeout,
      requestTimeout,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout),
      connectionsCheckingInterval: DEADLINE_CHECK_INTERVAL_MS,
    };
    const listener = oneAtATime((request, response) => {
      request.url = stripBasePath(request.url ?? "/", basePath);
      if (server.listening && fastPath.tryAnswer(request, response)) return;
      handler(request, response);
    });
    const server = createServer(settings, listener);
    stripFromUpgrades(server, basePath);
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
 * Treats an empty body as a missing one. Akkeris' command line sends `Content-Type: application/json` with each
 * request, even a DELETE without a body, which Fastify would refuse.
 */
function acceptEmptyBodies(http: FastifyInstance): void {
  const parseJson = http.getDefaultJsonParser("error", "error");
  http.removeContentTypeParser("application/json");
  http.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else parseJson(request, body, done);
  });
}
