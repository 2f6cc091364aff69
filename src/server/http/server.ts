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
    /** The GraphQL operation that the request carries; null where it carries none. */
    observed: OperationRecord | null;
  }
}

/** The largest body of a request, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

export interface HttpOptions {
  readonly log: Logger;
  /** Other origins whose pages may call; without one, only a page of the server's own. */
  readonly allowedOrigins: readonly string[];
}

/** The HTTP server, without routes: its log, its headers, and one shape for every error. */
export async function createHttp({ log, allowedOrigins }: HttpOptions): Promise<FastifyInstance> {
  const answerError = (thrown: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const error = toRefusal(thrown, request);
    if (!(error instanceof Refusal)) request.log.error({ err: error }, "a request failed");
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
    // What is refused before there is a route to it.
    frameworkErrors: answerError,
  });
  await http.register(helmet, {
    // Plain HTTP on one's own machine is ordinary use; TLS, and its headers, are the balancer's.
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  await http.register(cors, { origin: allowedOrigins.length === 0 ? false : [...allowedOrigins], maxAge: 86_400 });

  http.decorateRequest("observed", null);
  http.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  http.addHook("onResponse", async (request, reply) => {
    const { method, url } = request;
    const path = url.split("?", 1)[0];
    const duration = Math.round(reply.elapsedTime * 10) / 10;
    const { operation, code, viewer = request.platformViewer?.name } = request.observed ?? {};
    request.log.info({ method, path, operation, viewer, status: reply.statusCode, code, duration }, "request");
  });
  http.setNotFoundHandler((request, reply) => {
    const path = (request.url.split("?", 1)[0] ?? "").slice(0, 200);
    reply
      .code(404)
      .send(errorBody(new Refusal("NOT_FOUND", `There is nothing at ${request.method} ${path}.`), request.id));
  });
  http.setErrorHandler(answerError);
  return http;
}

/** What Fastify itself refuses, in our words; anything else is a fault. */
function toRefusal(error: FastifyError, request: FastifyRequest): Error {
  const refusal = asRefusal(error);
  if (refusal instanceof Refusal) return refusal;
  if (error.code === "FST_ERR_BAD_URL") {
    return new Refusal("BAD_USER_INPUT", "The address must be well-formed: a % is followed by two hexadecimal digits.");
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

/** @param limit what is allowed, in bytes */
export function bodyTooLarge(what: "body" | "message", limit = MAX_BODY_BYTES): Refusal {
  return new Refusal("QUERY_TOO_LARGE", `The ${what} must be at most ${limit} bytes.`, { limit });
}

function errorBody(error: Error, requestId: string) {
  return { errors: [present(error, requestId).error] };
}
