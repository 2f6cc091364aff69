import type { DataSourceOptions } from "typeorm";

/* How connections are opened. Timeouts are in milliseconds, and every wait has one. */

/** The wait for a connection, new or from the pool. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** The time of a statement, including its wait for locks. Then the server ends it. */
export const STATEMENT_TIMEOUT_MS = 10_000;
/** The wait for the response of a statement. Then the connection is closed. */
export const RESPONSE_TIMEOUT_MS = 15_000;

export function connectionOptions(url: string, poolSize: number) {
  return {
    type: "postgres",
    url,
    poolSize,
    applicationName: "railyard",
    installExtensions: false,
    // The pool replaces connections that are lost while idle.
    poolErrorHandler: () => undefined,
  } satisfies DataSourceOptions;
}

/** The address without its password. */
export function withoutPassword(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`;
}
