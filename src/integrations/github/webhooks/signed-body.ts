import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { ConcurrencyLimit } from "../../../async/concurrency-limit.js";
import { Refusal } from "../../../domain/core/refusal.js";

/**
 * Maximum size of a payload, in bytes. Relevant events are far smaller: a pull request has about 30 kB, at most a few
 * hundred. Only push events, which are not needed, reach GitHub's own limit of 25 MB.
 */
export const MAX_BODY_BYTES = 5 * 1024 * 1024;
/** Bodies up to this size are read at once. */
const SMALL_BODY_BYTES = 64 * 1024;
/** Maximum number of larger bodies that are read at the same time. The others wait unread and take no memory. */
const CONCURRENT_LARGE_BODIES = 4;
/** Time in which a larger body must arrive once it is being read, in milliseconds: 5 MB at 10 Mbit/s. */
const LARGE_BODY_TIMEOUT_MS = 5_000;

const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/** Whether a request has a header in the format of a signature. */
export function hasSignature({ headers }: FastifyRequest): boolean {
  return SIGNATURE.test(String(headers["x-hub-signature-256"]));
}

/**
 * Limits how many large bodies are read at the same time, over all senders: a sender cannot be identified before its
 * body has arrived.
 */
export class LargeBodies {
  readonly #limit = new ConcurrencyLimit(CONCURRENT_LARGE_BODIES);

  /**
   * Resolves when the body of the request may be read. The turn ends with `closed`, or when the body takes too long.
   */
  async waitForTurn(request: IncomingMessage, closed: Promise<unknown>): Promise<void> {
    if (Number(request.headers["content-length"]) <= SMALL_BODY_BYTES) return;
    const leave = await this.#limit.enter();
    const timeout = setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, LARGE_BODY_TIMEOUT_MS);
    void closed.finally(() => {
      clearTimeout(timeout);
      leave();
    });
  }
}

/**
 * Reads a body and checks its signature, chunk by chunk: hashing a large body in one step would delay other requests.
 *
 * @param secrets accepted secrets
 * @throws Refusal UNAUTHENTICATED if the signature is not that of the body and one of the secrets, and BAD_USER_INPUT if
 *   the connection ends before the body
 */
export async function readSignedBody(
  request: FastifyRequest,
  payload: Readable,
  secrets: readonly string[],
): Promise<string> {
  const hashes = secrets.map((secret) => createHmac("sha256", secret));
  const chunks: Buffer[] = [];
  let length = 0;
  if (Number(request.headers["content-length"]) > MAX_BODY_BYTES) throw tooLarge();
  try {
    for await (const chunk of payload as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) throw tooLarge();
      for (const hash of hashes) hash.update(chunk);
      chunks.push(chunk);
    }
  } catch (error) {
    // Anyone can do that, so it must not fill the log with internal errors.
    if ((error as NodeJS.ErrnoException).code !== "ECONNRESET") throw error;
    throw new Refusal("BAD_USER_INPUT", "The connection ended before the body.");
  }
  const given = Buffer.from(SIGNATURE.exec(String(request.headers["x-hub-signature-256"]))?.[1] ?? "", "hex");
  // Compares all hashes, each in constant time.
  const matches = hashes.filter((hash) => {
    const digest = hash.digest();
    return given.length === digest.length && timingSafeEqual(given, digest);
  });
  if (length > 0 && matches.length > 0) return Buffer.concat(chunks).toString("utf8");
  throw new Refusal("UNAUTHENTICATED", "X-Hub-Signature-256 does not match the payload and GITHUB_WEBHOOK_SECRET.");
}

function tooLarge(): Error {
  return Object.assign(new Error("The body is too large."), { statusCode: 413 });
}
