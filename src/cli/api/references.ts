import { EXIT, Failure, notFound, wrongUsage } from "../exit.js";
import type { Api } from "./client.js";
import {
  CouplingDocument,
  type CouplingFragment,
  type PageFragment,
  type ReleaseFragment,
  ReleaseNumbersDocument,
  ReleasesDocument,
} from "./generated.js";
import type { Operation } from "./operation.js";

/* Resolves references given by the user (releases by version, couplings by app) and reads paginated lists. */

/** Pagination arguments. */
interface Page {
  readonly first?: number | undefined;
  readonly after?: string | undefined;
  readonly last?: number | undefined;
  readonly before?: string | undefined;
}

/** One page of a list. */
interface Connection<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: PageFragment;
}

/** Maximum page size of the API. */
const PAGE_SIZE = 100;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Finds a coupling by its id or by its app. */
export async function findCoupling(api: Api, reference: string): Promise<CouplingFragment> {
  if (UUID.test(reference)) {
    const byId = (await api.run(CouplingDocument, { id: reference })).coupling;
    if (byId !== null) return byId;
  }
  const { coupling } = await api.run(CouplingDocument, { app: reference });
  if (coupling !== null) return coupling;
  throw new Failure(EXIT.refused, [
    `There is no coupling or coupled app "${reference}"; list the coupled apps with \`railyard apps\`.`,
  ]);
}

/**
 * Resolves a release reference to an id: an id, or together with an app `v3`, `current` or `previous` (the newest
 * successful release before the current one).
 */
export async function findReleaseId(api: Api, reference: string, app: string | undefined): Promise<string> {
  if (UUID.test(reference)) return reference;
  const version = /^v?([1-9]\d{0,9})$/i.exec(reference)?.[1];
  if (version === undefined && reference !== "current" && reference !== "previous") {
    throw wrongUsage(`The release must be an id, v3, current or previous; got "${reference}".`);
  }
  if (app === undefined) throw wrongUsage(`Release ${reference} requires -a APP.`);
  if (version !== undefined) return findReleaseByVersion(api, app, Number(version));
  let pastCurrent = false;
  for await (const release of releases(api, app, "first")) {
    if (release.current && reference === "current") return release.id;
    if (pastCurrent && release.phase === "SUCCEEDED") return release.id;
    pastCurrent ||= release.current;
  }
  throw notFound(`${reference} successful release of ${app}`);
}

async function findReleaseByVersion(api: Api, app: string, version: number): Promise<string> {
  const { value: newest } = await releases(api, app, "first").next();
  if (newest !== undefined && version <= newest.version) {
    // Versions have no gaps, so start from the nearer end of the list.
    const from = version > newest.version / 2 ? "first" : "last";
    for await (const release of releases(api, app, from)) if (release.version === version) return release.id;
  }
  throw notFound(`release v${version} of ${app}`);
}

/** Yields the releases of an app, from the newest (`first`) or the oldest (`last`). */
async function* releases(api: Api, app: string, end: "first" | "last") {
  let page: Page = { [end]: PAGE_SIZE };
  for (;;) {
    const result = await api.run(ReleaseNumbersDocument, { app, ...page });
    if (result.app === null) throw notFound(`app "${app}"`);
    const { nodes, pageInfo } = result.app.list;
    yield* end === "first" ? nodes : [...nodes].reverse();
    if (!(end === "first" ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return;
    const cursor = (end === "first" ? pageInfo.endCursor : pageInfo.startCursor) ?? undefined;
    page = end === "first" ? { first: PAGE_SIZE, after: cursor } : { last: PAGE_SIZE, before: cursor };
  }
}

/** The first items of a list. */
export interface Listing<T> {
  readonly nodes: T[];
  /** Whether the list has more items. */
  readonly more: boolean;
}

/** Reads the first `limit` items of a list, page by page. */
export function list<T, V>(
  api: Api,
  operation: Operation<{ readonly list: Connection<T> }, Page & V>,
  variables: V,
  limit: number,
): Promise<Listing<T>> {
  return collect(async (page) => (await api.run(operation, { ...variables, ...page })).list, limit);
}

/** Reads the newest `limit` releases of an app. */
export function listReleases(api: Api, app: string, limit: number): Promise<Listing<ReleaseFragment>> {
  return collect(async (page) => {
    const result = await api.run(ReleasesDocument, { app, ...page });
    if (result.app === null) throw notFound(`app "${app}"`);
    return result.app.list;
  }, limit);
}

/** Reads up to `limit` items of a list, page by page. */
export async function collect<T>(read: (page: Page) => Promise<Connection<T>>, limit: number): Promise<Listing<T>> {
  const nodes: T[] = [];
  let after: string | undefined;
  for (;;) {
    const connection = await read({ first: Math.min(PAGE_SIZE, limit - nodes.length), after });
    nodes.push(...connection.nodes);
    const more = connection.pageInfo.hasNextPage;
    if (!more || nodes.length >= limit) return { nodes, more };
    after = connection.pageInfo.endCursor ?? undefined;
  }
}
