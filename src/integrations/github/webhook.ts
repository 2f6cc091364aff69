import { verifyWithFallback } from "@octokit/webhooks-methods";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { badInput, Refusal } from "../../domain/core/refusal.js";
import type { WebhookInbox } from "./webhook-inbox.js";

/**
 * The largest payload, in bytes. What has an effect here stays far below it (a pull request has some 30 kB, and at most a
 * few hundred); GitHub's own limit of 25 MB is reached by pushes, of which nothing is needed.
 */
const MAX_BODY_BYTES = 5 * 1024 * 1024;

export interface WebhookOptions {
  /** The secrets that a payload may be signed with. Without one, webhooks are off. */
  readonly secrets: readonly string[];
  readonly inbox: WebhookInbox;
}

/** Serves `POST /webhooks/github`. Nothing of a request is looked into before its signature was found to be right. */
export async function serveGithubWebhooks(http: FastifyInstance, options: WebhookOptions): Promise<void> {
  await http.register(async (scope) => {
    // The signature is over the bytes as they came.
    const types = ["application/json", "application/x-www-form-urlencoded"];
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(types, { parseAs: "buffer", bodyLimit: MAX_BODY_BYTES }, (_, body, done) =>
      done(null, body),
    );
    scope.post(
      "/webhooks/github",
      { bodyLimit: MAX_BODY_BYTES, onRequest: requireSignature(options) },
      async (request) => {
        const body = await readSignedBody(request, options.secrets);
        const delivery = {
          id: header(request, "x-github-delivery", "must be the delivery's id, as GitHub sends it"),
          event: header(request, "x-github-event", "must name the event, as GitHub sends it"),
          payload: parsePayload(request, body),
        };
        const { outcome, refusals } = await options.inbox.take(delivery);
        const { id, event } = delivery;
        request.log.info({ delivery: id, event, outcome, refusals: refusals.map((one) => one.message) }, "webhook");
        const [refusal] = refusals;
        // GitHub's page of deliveries then shows it in red, with these words.
        if (refusal !== undefined) throw new Refusal(refusal.code, refusals.map((one) => one.message).join(" "));
        return { delivery: id, event, outcome };
      },
    );
  });
}

/** Turns away, before the body is read, what cannot be right. */
function requireSignature({ secrets }: WebhookOptions) {
  return async (request: FastifyRequest) => {
    if (secrets.length === 0) {
      throw new Refusal("NOT_FOUND", "GitHub webhooks are off: set GITHUB_WEBHOOK_SECRET to switch them on.");
    }
    if (/^sha256=[0-9a-f]{64}$/.test(String(request.headers["x-hub-signature-256"]))) return;
    throw new Refusal(
      "UNAUTHENTICATED",
      "X-Hub-Signature-256 must be the payload's signature: give the webhook on GitHub the secret of GITHUB_WEBHOOK_SECRET.",
    );
  };
}

async function readSignedBody(request: FastifyRequest, secrets: readonly string[]): Promise<string> {
  const body = request.body instanceof Buffer ? request.body.toString("utf8") : "";
  const [secret = "", ...others] = secrets;
  const signature = String(request.headers["x-hub-signature-256"]);
  // Compared in constant time, with each secret that there is.
  if (body !== "" && (await verifyWithFallback(secret, body, signature, others))) return body;
  throw new Refusal("UNAUTHENTICATED", "The signature is not of this payload and the secret of GITHUB_WEBHOOK_SECRET.");
}

/** The object in a signed body, whichever of the two content types the webhook was given on GitHub. */
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
