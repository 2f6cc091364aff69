import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Api } from "../api/client.js";
import { AppNamesDocument, PipelineNamesDocument } from "../api/generated.js";
import { list } from "../api/references.js";
import { type ConnectionFlags, findConnection } from "../auth/connection.js";
import { writePrivateFile } from "../auth/private-file.js";
import { userFile } from "../auth/user-folder.js";
import type { NameKind } from "./scripts.js";

/** Completion must not make the shell wait: maximum time for each response, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 1_500;
/** How long cached names are used, in milliseconds. */
const CACHE_TTL_MS = 60_000;
const MAX_NAMES = 1_000;
/** bash expands the words of a completion, so a name from the service must not contain an expansion. */
const NAME = /^[a-z0-9][a-z0-9-]*$/;

/**
 * Lists the names of all apps or pipelines, from the cache if it is fresh.
 *
 * @returns outdated names from the cache, or none, if the service does not respond
 */
export async function listNames(
  kind: NameKind,
  flags: ConnectionFlags,
  environment: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  let cached: readonly string[] = [];
  try {
    const connection = findConnection(flags, environment);
    const file = cacheFile(kind, `${connection.url} ${connection.token}`, environment);
    cached = readNames(file);
    if (ageMs(file) < CACHE_TTL_MS) return cached;
    const names = await fetchNames(kind, new Api(connection, RESPONSE_TIMEOUT_MS));
    writePrivateFile(file, `${names.join("\n")}\n`);
    return names;
  } catch {
    return cached;
  }
}

async function fetchNames(kind: NameKind, api: Api): Promise<string[]> {
  const operation = kind === "apps" ? AppNamesDocument : PipelineNamesDocument;
  const { nodes } = await list(api, operation, {}, MAX_NAMES);
  return nodes.map(({ name }) => name).filter((name) => NAME.test(name));
}

/**
 * A file per service and token, because a token may be restricted to pipelines. Its name contains 24 bits of a hash,
 * which do not identify the token.
 */
function cacheFile(kind: NameKind, identity: string, environment: NodeJS.ProcessEnv): string {
  const hash = createHash("sha256").update(identity).digest("hex").slice(0, 6);
  return userFile("cache", `${kind}-${hash}`, environment);
}

function readNames(file: string): string[] {
  const text = statSync(file, { throwIfNoEntry: false }) === undefined ? "" : readFileSync(file, "utf8");
  return text.split("\n").filter((name) => NAME.test(name));
}

/** Infinite if the file does not exist. */
function ageMs(file: string): number {
  const written = statSync(file, { throwIfNoEntry: false });
  return written === undefined ? Number.POSITIVE_INFINITY : Math.abs(Date.now() - written.mtimeMs);
}
