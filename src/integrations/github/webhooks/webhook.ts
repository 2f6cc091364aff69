import { verifyWithFallback } from "@octokit/webhooks-methods";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { badInput, Refusal } from "../../../domain/core/refusal.js";
import type { WebhookInbox } from "./webhook-inbox.js";

/**
 * Maximum size of a payload, in bytes. Relevant events are far smaller: a pull request has about 30 kB, at most a few
 * hundred. Only push events, which are not needed, reach GitHub's own limit of 25 MB.
 */
const MAX_BODY_BYTES = 5 * 1024 * 1024;

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
    scope.addContentTypeParser(types, { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES }, (_, body, done) =>
      done(null, body),
    );
    scope.post(
      "/webhooks/github",
      { bodyLimit: MAX_BODY_BYTES, onRequest: requireSignature(options) },
      async (request, reply) => {
        const body = await readSignedBody(request, options.secrets);
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
      },
    );
  });
}

/** Rejects requests without a plausible signature before the body is read. */
function requireSignature({ secrets }: WebhookOptions) {
  return async (request: FastifyRequest) => {
    if (secrets.length === 0) {
      throw new Refusal("NOT_FOUND", "GitHub webhooks are disabled. Set GITHUB_WEBHOOK_SECRET to enable them.");
    }
    if (/^sha256=[0-9a-f]{64}$/.test(String(request.headers["x-hub-signature-256"]))) return;
    throw new Refusal(
      "UNAUTHENTICATED",
      "X-Hub-Signature-256 must be the payload's signature. Set the webhook's secret on GitHub to the value of GITHUB_WEBHOOK_SECRET.",
    );
  };
}

async function readSignedBody(request: FastifyRequest, secrets: readonly string[]): Promise<string> {
  const body = request.body instanceof Buffer ? request.body.toString("utf8") : "";
  const [secret = "", ...others] = secrets;
  const signature = String(request.headers["x-hub-signature-256"]);
  // Compared in constant time with each secret.
  if (body !== "" && (await verifyWithFallback(secret, body, signature, others))) return body;
  throw new Refusal("UNAUTHENTICATED", "X-Hub-Signature-256 does not match the payload and GITHUB_WEBHOOK_SECRET.");
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
