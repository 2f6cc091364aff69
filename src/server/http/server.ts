import { randomUUID } from "node:crypto";
import cors from "@fastify/cors";
import helmet from "@fastify/helmet";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { asRefusal, Refusal } from "../../domain/core/refusal.js";
import { present, REQUEST_STATUS } from "../../schema/errors.js";
import type { Logger } from "../telemetry/log.js";
import type { OperationRecord } from "../telemetry/operation-record.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The request's GraphQL operation; null if it has none. */
    operationRecord: OperationRecord | null;
  }
}

/** Maximum size of a request body, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

export interface HttpOptions {
  readonly log: Logger;
  /** Additional origins allowed by CORS. */
  readonly allowedOrigins: readonly string[];
}

/** Creates the HTTP server without routes: logging, headers and error format. */
export async function createHttp({ log, allowedOrigins }: HttpOptions): Promise<FastifyInstance> {
  const sendError = (thrown: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const error = toRefusal(thrown, request);
    if (!(error instanceof Refusal)) request.log.error({ err: error }, "request failed");
    const status = error instanceof Refusal ? (REQUEST_STATUS[error.code] ?? thrown.statusCode ?? 400) : 500;
    reply.code(status).send(errorBody(error, request.id));
  };
  const http = Fastify({
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

  http.decorateRequest("operationRecord", null);
  http.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  http.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const path = url.split("?", 1)[0];
    const duration = Math.round(reply.elapsedTime * 10) / 10;
    const { operation, code, viewer = request.platformViewer?.name } = request.operationRecord ?? {};
    request.log.info({ method, path, operation, viewer, status: reply.statusCode, code, duration }, "request");
  });
  http.setNotFoundHandler((request, reply) => {
    const path = (request.url.split("?", 1)[0] ?? "").slice(0, 200);
    reply.code(404).send(errorBody(new Refusal("NOT_FOUND", `No such route: ${request.method} ${path}.`), request.id));
  });
  http.setErrorHandler(sendError);
  return http;
}

/** Translates Fastify's client errors into refusals. Other errors are internal. */
function toRefusal(error: FastifyError, request: FastifyRequest): Error {
  const refusal = asRefusal(error);
  if (refusal instanceof Refusal) return refusal;
  if (error.code === "FST_ERR_BAD_URL") {
    return new Refusal("BAD_USER_INPUT", "The URL is malformed: % must be followed by two hexadecimal digits.");
  }
  if (error.statusCode === 413) {
    return bodyTooLarge("body", request.routeOptions.bodyLimit);
  }
  if (error.statusCode === 415) {
    return new Refusal(
      "BAD_USER_INPUT",
      "The body must be JSON, sent with the header `Content-Type: application/json`.",
    );
  }
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new Refusal("BAD_USER_INPUT", 'The body must be a JSON object: `{ "query": …, "variables": … }`.');
  }
  return error;
}

/** @param limit in bytes */
export function bodyTooLarge(what: "body" | "message", limit = MAX_BODY_BYTES): Refusal {
  return new Refusal("QUERY_TOO_LARGE", `The ${what} must be at most ${limit} bytes.`, { limit });
}

function errorBody(error: Error, requestId: string) {
  return { errors: [present(error, requestId).error] };
}
