import type { IncomingMessage } from "node:http";

/**
 * Whether a page may open a socket: one of the origins that are allowed, or one of the server's own. Only browsers say
 * where a page is from; whatever else connects sends no origin, and has nothing that a page could abuse.
 */
export function isOriginAllowed({ headers }: IncomingMessage, allowedOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
