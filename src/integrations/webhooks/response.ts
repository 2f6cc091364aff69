import type { Dispatcher } from "undici";
import { normalizeText } from "../../domain/core/values/normalize.js";

/* The outcome of a webhook's request: what is stored of the response, or why there was none. */

/** Maximum number of bytes of a response that are read. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** Maximum number of characters of it that are stored. */
const MAX_RESPONSE_START = 1024;
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** An address that must not be called. */
export class RefusedAddress extends Error {
  override readonly name = "RefusedAddress";
}

/**
 * Reads the start of a response. Only the status decides about success, and it has arrived: a body that is incomplete,
 * or longer than announced, does not matter.
 */
export async function readStart(body: Dispatcher.ResponseData["body"]): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      const bytes = chunk as Buffer;
      chunks.push(bytes.subarray(0, MAX_RESPONSE_BYTES - size));
      size += bytes.length;
      if (size >= MAX_RESPONSE_BYTES) break;
    }
  } catch {
    // What arrived is stored.
  }
  return normalizeText(Buffer.concat(chunks).toString("utf8"), MAX_RESPONSE_START);
}

export function explainStatus(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400)
    return `The receiver answered ${status}. Redirects are not followed: set the URL that it redirects to.`;
  return `The receiver answered ${status}.`;
}

export function explainError(error: unknown): string {
  if (error instanceof RefusedAddress) return error.message;
  const { code, message, errors } = error as NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] };
  const reason = errors?.[0]?.code ?? code;
  return `The request failed: ${normalizeText(message === "" || message === undefined ? String(reason) : message, 300)}${reason === undefined ? "" : ` (${reason})`}.`;
}

/** Reads `Retry-After`: seconds or a date. At most 24 hours. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | null {
  const text = (Array.isArray(header) ? header[0] : header)?.trim() ?? "";
  const milliseconds = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return milliseconds > 0 ? Math.min(milliseconds, MAX_RETRY_AFTER_MS) : null;
}
