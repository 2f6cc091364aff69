import type { IncomingHttpHeaders } from "node:http";

/** The software that sent an operation, as it names itself. Nothing verifies it. */
export interface ClientName {
  readonly name: string;
  /** Empty if the client sends none. */
  readonly version: string;
}

/** The headers that clients send their name and version in: those of Apollo, and those of other vendors. */
const HEADERS = [
  ["apollographql-client-name", "apollographql-client-version"],
  ["graphql-client-name", "graphql-client-version"],
  ["x-graphql-client-name", "x-graphql-client-version"],
] as const;

/** Reads the name of a client from the headers of its request; null if there is none. */
export function clientNameInHeaders(headers: IncomingHttpHeaders): ClientName | null {
  for (const [name, version] of HEADERS) {
    if (headers[name] !== undefined) return toClientName(headers[name], headers[version]);
  }
  return null;
}

/** Reads `extensions.clientLibrary`, which Apollo Client 4 adds to each request; null if there is none. */
export function clientNameInExtensions(extensions: Record<string, unknown> | undefined): ClientName | null {
  const library = extensions?.clientLibrary;
  if (typeof library !== "object" || library === null || !("name" in library)) return null;
  return toClientName(library.name, "version" in library ? library.version : undefined);
}

/**
 * At most 64 letters, digits and punctuation marks of names and versions: the text becomes a label and part of a log
 * line.
 */
const PRINTABLE = /^[\w@/.+~^ -]{1,64}$/;

function toClientName(name: unknown, version: unknown): ClientName | null {
  if (typeof name !== "string" || !PRINTABLE.test(name)) return null;
  return { name, version: typeof version === "string" && PRINTABLE.test(version) ? version : "" };
}

/** Maximum number of clients that the metrics distinguish, by name and version. */
const MAX_CLIENTS = 100;

/** The label of operations whose client sends no valid name. */
const UNKNOWN: ClientName = { name: "unknown", version: "" };
/** The label of all further clients. */
const OTHER: ClientName = { name: "other", version: "" };

/** Limits the number of clients in labels. Further clients are labelled `other`. */
export class ClientLabels {
  readonly #known = new Map<string, ClientName>();

  labelFor(client: ClientName | null): ClientName {
    if (client === null) return UNKNOWN;
    const key = `${client.name}\n${client.version}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_CLIENTS) return OTHER;
    this.#known.set(key, client);
    return client;
  }
}
