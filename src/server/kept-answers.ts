import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { ApolloServerPlugin } from "@apollo/server";
import type { FastifyInstance, FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Viewer } from "../entities/token.js";
import type { Context } from "../schema/context.js";
import { Sources } from "../schema/sources.js";
import type { Admission } from "./admission.js";
import type { Answers, Kept } from "./answers.js";
import type { Authentication } from "./authentication.js";
import { BODY_LIMIT } from "./http.js";
import type { Logger } from "./log.js";
import type { Observer } from "./observer.js";

/** What may be asked for at the root of a query whose answer is kept: what is made from pipelines and apps alone. */
const TRACEABLE = new Set(["pipeline", "app", "stage", "__typename"]);

/** An answer that is being made, and may be kept. */
interface Pending {
  readonly asked: string;
  readonly body: Buffer;
  readonly sources: Sources;
  readonly begunAt: number;
}

interface Parts {
  readonly answers: Answers;
  readonly authentication: Authentication;
  readonly admission: Admission;
  readonly observer: Observer;
  readonly log: Logger;
}

/**
 * Answers requests from what was kept, and keeps what was answered. It stands before Fastify, whose way to an answer
 * takes ten times as long as sending one that is there: a request is let through unless the very same bytes were asked
 * before by a token of the same role, and the token is known to be valid still. It is then answered with the same headers
 * and logged the same; everything else goes on as if nothing had looked at it.
 */
export class KeptAnswers {
  readonly #answers: Answers;
  readonly #authentication: Authentication;
  readonly #admission: Admission;
  readonly #observer: Observer;
  readonly #log: Logger;
  readonly #pending = new WeakMap<IncomingMessage, Pending>();
  #inHand = 0;

  constructor({ answers, authentication, admission, observer, log }: Parts) {
    this.#answers = answers;
    this.#authentication = authentication;
    this.#admission = admission;
    this.#observer = observer;
    this.#log = log;
  }

  /** Takes its place before everything else that listens for requests. */
  stand(http: FastifyInstance): void {
    // Where each answer is to be paid for, each is asked for.
    if (!this.#admission.answersMayBeKept) return;
    const { server } = http;
    const behind = server.listeners("request") as ((request: IncomingMessage, response: ServerResponse) => void)[];
    const pass = (request: IncomingMessage, response: ServerResponse) => {
      for (const listener of behind) listener.call(server, request, response);
    };
    server.removeAllListeners("request");
    server.on("request", (request, response) => {
      if (server.listening && this.#answers.enabled && mayBeKept(request)) this.#look(request, response, pass);
      else pass(request, response);
    });
  }

  /**
   * Resolves once every request that is being looked at has been handed on or answered, or after `deadline` milliseconds:
   * Fastify does not know of them yet, and would refuse them once it is told to stop.
   */
  async handedOn(deadline: number): Promise<void> {
    const late = Date.now() + deadline;
    while (this.#inHand > 0 && Date.now() < late) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #look(
    request: IncomingMessage,
    response: ServerResponse,
    pass: (a: IncomingMessage, b: ServerResponse) => void,
  ): void {
    const start = performance.now();
    const chunks: Buffer[] = [];
    let inHand = true;
    const letGo = () => {
      if (inHand) this.#inHand -= 1;
      inHand = false;
    };
    this.#inHand += 1;
    request.once("close", letGo);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const { accept, origin, authorization, "accept-encoding": encoding } = request.headers;
      const asked = `${JSON.stringify([accept, encoding, origin])} ${body.toString("latin1")}`;
      const viewer = this.#authentication.known(authorization);
      const kept = viewer === null ? null : this.#answers.find(question(viewer, asked));
      if (kept === null) {
        this.#pending.set(request, { asked, body, sources: new Sources(), begunAt: this.#answers.commits });
        pass(request, response);
      } else {
        this.#send(response, kept, viewer?.name ?? null, start);
      }
      letGo();
    });
  }

  #send(response: ServerResponse, { headers, body, operation }: Kept, viewer: string | null, start: number): void {
    const requestId = randomUUID();
    response.writeHead(200, [...headers, "x-request-id", requestId]);
    response.end(body);
    const duration = this.#observer.kept({ id: requestId, start, operation, viewer, code: "OK" });
    if (!this.#log.isLevelEnabled("info")) return;
    const request = { method: "POST", path: "/graphql", operation, viewer, status: 200, code: "OK", duration };
    this.#log.info({ requestId, ...request }, "request");
  }

  /** Where what goes into the answer to a request is to be noted, if the answer may be kept. */
  sourcesOf(request: FastifyRequest): Sources | null {
    return this.#pending.get(request.raw)?.sources ?? null;
  }

  /** The body of a request, for whoever comes next: it was read before, to look for an answer. */
  body(request: FastifyRequest, payload: RequestPayload): RequestPayload {
    const pending = this.#pending.get(request.raw);
    return pending === undefined ? payload : Readable.from([pending.body]);
  }

  /** To be called with every answer that is sent. */
  keep(request: FastifyRequest, reply: FastifyReply, payload: unknown, viewer: Viewer | undefined): void {
    const pending = this.#pending.get(request.raw);
    const ids = pending?.sources.ids;
    if (pending === undefined || ids == null || viewer === undefined) return;
    if (reply.statusCode !== 200 || typeof payload !== "string" || !isPlain(request.body)) return;
    const body = Buffer.from(payload);
    const headers = Object.entries({ ...reply.getHeaders(), "content-length": body.length })
      .filter(([name, value]) => value !== undefined && name !== "x-request-id")
      .flatMap(([name, value]) => (Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, String(value)]));
    this.#answers.keep(
      question(viewer, pending.asked),
      { body, headers, operation: request.observed?.operation ?? "none" },
      ids,
      pending.begunAt,
    );
  }

  /** Lets the sources of queries be traced whose answers may be kept, and forgets those of answers with errors. */
  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, contextValue }) => {
        if (operation !== undefined && isTraceable(operation)) contextValue.sources?.begin();
      },
      willSendResponse: async ({ response: { body }, contextValue }) => {
        if (body.kind !== "single" || body.singleResult.errors !== undefined) contextValue.sources?.lose();
      },
    }),
  };
}

function mayBeKept({ method, url, headers }: IncomingMessage): boolean {
  return (
    method === "POST" &&
    url === "/graphql" &&
    headers.authorization !== undefined &&
    headers["content-type"]?.startsWith("application/json") === true &&
    Number(headers["content-length"]) <= BODY_LIMIT &&
    headers["transfer-encoding"] === undefined
  );
}

/** What a query may see hangs on the role alone. */
function question(viewer: Viewer, asked: string): string {
  return `${viewer.role} ${asked}`;
}

/** Whether the body is an operation and nothing else: no batch, no extensions. */
function isPlain(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return false;
  return Object.keys(body).every((key) => key === "query" || key === "variables" || key === "operationName");
}

/** Fragments at the root are not looked into: their queries are answered as any other. */
function isTraceable({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === "query" &&
    selectionSet.selections.every((selection) => selection.kind === Kind.FIELD && TRACEABLE.has(selection.name.value))
  );
}
