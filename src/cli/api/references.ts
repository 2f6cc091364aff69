import { EXIT, Failure, notFound, wrongUsage } from "../exit.js";
import type { Api, Operation } from "./client.js";
import type { Connection, Coupling, Release } from "./model.js";
import { COUPLING_OF, type Listed, type Page, RELEASE_NUMBERS, RELEASES } from "./queries.js";

/* How what a user names becomes what the API takes: releases by version, couplings by their app, lists by the page. */

/** The largest page that the API gives. */
const PAGE_SIZE = 100;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A coupling by its id, or by the app that it couples. */
export async function findCoupling(api: Api, reference: string): Promise<Coupling> {
  if (UUID.test(reference)) {
    const byId = (await api.run(COUPLING_OF, { id: reference })).coupling;
    if (byId !== null) return byId;
  }
  const { coupling } = await api.run(COUPLING_OF, { app: reference });
  if (coupling !== null) return coupling;
  throw new Failure(EXIT.refused, [
    `There is no coupling or coupled app "${reference}"; \`railyard apps\` shows which are.`,
  ]);
}

/**
 * The id of a release that is named by its id, or, of an app, as `v3`, `current` or `previous` (the newest before the
 * current one that succeeded).
 */
export async function findReleaseId(api: Api, reference: string, app: string | undefined): Promise<string> {
  if (UUID.test(reference)) return reference;
  const version = /^v?([1-9]\d{0,9})$/i.exec(reference)?.[1];
  if (version === undefined && reference !== "current" && reference !== "previous") {
    throw wrongUsage(`A release is named by its id, or as v3, current or previous; "${reference}" is neither.`);
  }
  if (app === undefined) throw wrongUsage(`Whose release ${reference} is meant, -a APP must say.`);
  if (version !== undefined) return findReleaseByVersion(api, app, Number(version));
  let pastCurrent = false;
  for await (const release of releases(api, app, "first")) {
    if (release.current && reference === "current") return release.id;
    if (pastCurrent && release.phase === "SUCCEEDED") return release.id;
    pastCurrent ||= release.current;
  }
  throw notFound(`${reference} release of ${app} that succeeded`);
}

async function findReleaseByVersion(api: Api, app: string, version: number): Promise<string> {
  const { value: newest } = await releases(api, app, "first").next();
  if (newest !== undefined && version <= newest.version) {
    // Versions have no gaps, so the nearer end of the list is the shorter way.
    const from = version > newest.version / 2 ? "first" : "last";
    for await (const release of releases(api, app, from)) if (release.version === version) return release.id;
  }
  throw notFound(`release v${version} of ${app}`);
}

/** The releases of an app from either end of the list, which has the newest first. */
async function* releases(api: Api, app: string, end: "first" | "last") {
  let page: Page = { [end]: PAGE_SIZE };
  for (;;) {
    const answer = await api.run(RELEASE_NUMBERS, { app, ...page });
    if (answer.app === null) throw notFound(`app "${app}"`);
    const { nodes, pageInfo } = answer.app.list;
    yield* end === "first" ? nodes : [...nodes].reverse();
    if (!(end === "first" ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) return;
    const edge = (end === "first" ? pageInfo.endCursor : pageInfo.startCursor) ?? undefined;
    page = end === "first" ? { first: PAGE_SIZE, after: edge } : { last: PAGE_SIZE, before: edge };
  }
}

/** What a list holds, as far as it was asked for. */
export interface Head<T> {
  readonly nodes: T[];
  /** Whether there is more than that. */
  readonly more: boolean;
}

/** The first `limit` of a list, however many pages that takes. */
export function head<T, V>(
  api: Api,
  operation: Operation<Listed<T>, Page & V>,
  variables: V,
  limit: number,
): Promise<Head<T>> {
  return collect(async (page) => (await api.run(operation, { ...variables, ...page })).list, limit);
}

/** The newest `limit` releases of an app. */
export function headOfReleases(api: Api, app: string, limit: number): Promise<Head<Release>> {
  return collect(async (page) => {
    const answer = await api.run(RELEASES, { app, ...page });
    if (answer.app === null) throw notFound(`app "${app}"`);
    return answer.app.list;
  }, limit);
}

async function collect<T>(read: (page: Page) => Promise<Connection<T>>, limit: number): Promise<Head<T>> {
  const nodes: T[] = [];
  let after: string | undefined;
  for (;;) {
    const list = await read({ first: Math.min(PAGE_SIZE, limit - nodes.length), after });
    nodes.push(...list.nodes);
    const more = list.pageInfo.hasNextPage;
    if (!more || nodes.length >= limit) return { nodes, more };
    after = list.pageInfo.endCursor ?? undefined;
  }
}
