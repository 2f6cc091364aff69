import type { IncomingMessage } from "node:http";

/**
 * Whether a page may open a WebSocket: its origin must be allowed or be the server's own. Only browsers send `Origin`.
 * Other clients hold no credentials that a page could abuse.
 */
export function isOriginAllowed({ headers }: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
