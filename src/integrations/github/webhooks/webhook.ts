import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { badInput, Refusal } from "../../../domain/core/refusal.js";
import { hasSignature, LargeBodies, MAX_BODY_BYTES, readSignedBody } from "./signed-body.js";
import type { WebhookInbox } from "./webhook-inbox.js";

/** The outcomes in responses. */
const OUTCOMES = {
  APPLIED: "done",
  REPEATED: "repeated",
  IGNORED: "ignored",
  PENDING: "pending",
  EXPIRED: "expired",
  REFUSED: "refused",
} as const;

export interface WebhookOptions {
  /** Accepted secrets. Webhooks are disabled if empty. */
  readonly secrets: readonly string[];
  readonly inbox: WebhookInbox;
}

/** Serves `POST /webhooks/github`. A payload is parsed only after its signature was verified. */
export async function serveGithubWebhooks(http: FastifyInstance, options: WebhookOptions): Promise<void> {
  await http.register(async (scope) => {
    // The signature covers the raw bytes.
    const types = ["application/json", "application/x-www-form-urlencoded"];
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(types, (request: FastifyRequest, payload: IncomingMessage) =>
      readSignedBody(request, payload, options.secrets),
    );
    const largeBodies = new LargeBodies();
    scope.addHook("onRequest", async (request, reply) => {
      requireSignature(request, options);
      await largeBodies.waitForTurn(request.raw, new Promise((resolve) => reply.raw.once("close", resolve)));
    });
    scope.post("/webhooks/github", { bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      // Without a body there is nothing to sign, and no parser ran.
      if (typeof request.body !== "string") throw unsigned();
      const { body } = request;
      const delivery = {
        id: header(request, "x-github-delivery", "must be the id of the delivery"),
        event: header(request, "x-github-event", "must be the name of the event"),
        payload: parsePayload(request, body),
      };
      const { outcome, message, refusals } = await options.inbox.take(delivery);
      const { id, event } = delivery;
      request.log.info({ delivery: id, event, outcome, message }, "webhook");
      const [refusal] = refusals;
      // GitHub's list of deliveries then shows it as failed, with this message.
      if (refusals.length > 1 && refusal !== undefined) {
        throw new Refusal(refusal.code, refusals.map(({ message }) => message).join(" "));
      }
      if (refusal !== undefined) throw refusal;
      if (outcome === "PENDING") reply.code(202);
      return { delivery: id, event, outcome: OUTCOMES[outcome], ...(message !== null && { message }) };
    });
  });
}

/** Rejects a request without a plausible signature before its body is read. */
function requireSignature(request: FastifyRequest, { secrets }: WebhookOptions): void {
  if (secrets.length === 0) {
    throw new Refusal("NOT_FOUND", "GitHub webhooks are disabled. Set GITHUB_WEBHOOK_SECRET to enable them.");
  }
  if (!hasSignature(request)) throw unsigned();
}

function unsigned(): Refusal {
  return new Refusal(
    "UNAUTHENTICATED",
    "X-Hub-Signature-256 must be the payload's signature. Set the webhook's secret on GitHub to the value of GITHUB_WEBHOOK_SECRET.",
  );
}

/** Parses a signed body in either content type that GitHub offers. */
function parsePayload(request: FastifyRequest, body: string): unknown {
  const form = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  try {
    return JSON.parse(form ? (new URLSearchParams(body).get("payload") ?? "") : body);
  } catch {
    throw badInput("payload", "payload must be JSON.");
  }
}

function header(request: FastifyRequest, name: string, rule: string): string {
  const value = request.headers[name];
  if (typeof value === "string" && /^[\x21-\x7e]{1,200}$/.test(value)) return value;
  throw badInput(name, `The header ${name} ${rule}.`);
}
