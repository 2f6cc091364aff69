import { createHmac, randomBytes } from "node:crypto";
import type { Webhook } from "../../entities/webhooks/webhook.js";
import { badInput } from "../core/refusal.js";

/* Signatures of Standard Webhooks 1.0: https://github.com/standard-webhooks/standard-webhooks */

const PREFIX = "whsec_";
/** The length of a new secret. The specification wants 24 to 64 bytes. */
const SECRET_BYTES = 32;
/** The length of a secret that is chosen by a person, in characters. */
const SECRET_LENGTH = { min: 16, max: 64 } as const;

/** A new signing secret. */
export function newSigningSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString("base64");
}

/**
 * A secret that was chosen by a person, as it is stored.
 *
 * @throws Refusal BAD_USER_INPUT
 */
export function parseSigningSecret(field: string, text: string): string {
  const { min, max } = SECRET_LENGTH;
  if (text.startsWith(PREFIX)) {
    const bytes = Buffer.from(text.slice(PREFIX.length), "base64");
    if (bytes.length >= min && bytes.length <= max && PREFIX + bytes.toString("base64") === text) return text;
    throw badInput(field, `${field} must be ${PREFIX} and ${min} to ${max} bytes in Base64.`);
  }
  if (/^[\x21-\x7e]+$/.test(text) && text.length >= min && text.length <= max)
    return PREFIX + Buffer.from(text).toString("base64");
  throw badInput(field, `${field} must be ${min} to ${max} visible ASCII characters, or begin with ${PREFIX}.`);
}

/**
 * The headers of a request: one signature, or two while a secret rotates.
 *
 * @param id stays the same when the request is repeated
 */
export function signedHeaders(
  webhook: Pick<Webhook, "secret" | "previousSecret" | "previousSecretUntil">,
  id: string,
  body: string,
  now: Date,
): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const { secret, previousSecret, previousSecretUntil } = webhook;
  const isRotating = previousSecret !== null && previousSecretUntil !== null && previousSecretUntil > now;
  const secrets = isRotating ? [secret, previousSecret] : [secret];
  const signatures = secrets.map((one) => `v1,${sign(one, `${id}.${timestamp}.${body}`)}`);
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

function sign(secret: string, content: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  return createHmac("sha256", key).update(content).digest("base64");
}
