import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

/*
 * The clients of examples/clients/ with the real libraries. They have a separate lock file, and are installed at first use: not
 * in examples/, where programs of other tests would find libraries that are half installed.
 */

const SOURCE = "examples/clients";
const MANIFESTS = ["package.json", "package-lock.json"];
/** A copy of the clients for this process, as deep as the original. */
export const FOLDER = `dist/clients-${process.pid}`;
const run = promisify(execFile);

/** Installs the libraries. @returns why they cannot be installed; null if they are */
export async function installClients(): Promise<string | null> {
  try {
    const libraries = await installLibraries();
    cpSync(SOURCE, FOLDER, { recursive: true, filter: (path) => !path.includes("node_modules") });
    process.once("exit", () => rmSync(FOLDER, { recursive: true, force: true }));
    symlinkSync(resolve(libraries), join(FOLDER, "node_modules"), "dir");
    return null;
  } catch (error) {
    return (error as Error).message.split("\n")[0] ?? "";
  }
}

/** Installs the libraries of the lock file once for all tests. @returns their folder */
async function installLibraries(): Promise<string> {
  const lock = createHash("sha256")
    .update(readFileSync(join(SOURCE, "package-lock.json")))
    .digest("hex");
  const folder = join("node_modules", ".cache", `railyard-clients-${lock.slice(0, 16)}`);
  if (!existsSync(folder)) {
    const staging = `${folder}.${process.pid}`;
    mkdirSync(staging, { recursive: true });
    for (const name of MANIFESTS) copyFileSync(join(SOURCE, name), join(staging, name));
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", args, { cwd: staging, timeout: 240_000 });
    try {
      renameSync(staging, folder);
    } catch {
      // Another test was faster.
      rmSync(staging, { recursive: true, force: true });
    }
  }
  return join(folder, "node_modules");
}

/** Runs a command of the libraries. */
export async function runTool(name: string, args: readonly string[], cwd = FOLDER): Promise<void> {
  const binary = resolve(FOLDER, "node_modules/.bin", name);
  await run(process.execPath, [binary, ...args], { cwd, timeout: 120_000 });
}

// biome-ignore lint/suspicious/noExplicitAny: the libraries are not installed where the types are checked.
export type Untyped = any;

/** Imports a module of the examples, or of one of their libraries. */
export function load(path: string): Promise<Untyped> {
  return import(pathToFileURL(resolve(FOLDER, path)).href);
}

/** What every client does in its own way. */
export interface ExampleClient {
  readonly name: string;
  query(pipeline: string): Promise<Untyped>;
  describe(pipeline: string, description: string): Promise<Untyped>;
  /** The names of all apps, read page by page. */
  readApps(): Promise<string[]>;
  /** @returns ends the subscription */
  subscribe(after: string, next: (event: Untyped) => void): () => void;
  /** The pipeline's description in the client's cache, without a request; null if it has no such cache. */
  cached(pipeline: string): Promise<string | null>;
}

export interface Access {
  /** Of the endpoint. */
  readonly url: string;
  readonly token: string;
}

export async function createApolloClient({ url, token }: Access): Promise<ExampleClient> {
  const { createApollo, gql } = await load("apollo.mjs");
  const { APPS, BOARD, DESCRIBE, EVENTS } = await load("documents.mjs");
  const client = createApollo(url, token);
  return {
    name: "Apollo Client",
    query: async (pipeline) => (await client.query({ query: gql(BOARD), variables: { pipeline } })).data,
    describe: async (pipeline, description) =>
      (await client.mutate({ mutation: gql(DESCRIBE), variables: { input: { pipeline, description } } })).data,
    async readApps() {
      const watched = client.watchQuery({ query: gql(APPS), variables: { first: 2 } });
      const watching = watched.subscribe(() => undefined);
      let page = await watched.refetch();
      while (page.data.apps.pageInfo.hasNextPage) {
        page = await watched.fetchMore({ variables: { after: page.data.apps.pageInfo.endCursor } });
      }
      watching.unsubscribe();
      // The cache has put the pages together.
      const { apps } = client.readQuery({ query: gql(APPS), variables: { first: 2 } });
      return apps.edges.map(({ node }: Untyped) => node.name);
    },
    subscribe(after, next) {
      const subscription = client
        .subscribe({ query: gql(EVENTS), variables: { after } })
        .subscribe(({ data }: Untyped) => next(data.events));
      return () => subscription.unsubscribe();
    },
    async cached(pipeline) {
      return client.readQuery({ query: gql(BOARD), variables: { pipeline } }).pipeline.description;
    },
  };
}

/** @param cache the name of the exchange: urql's default, or graphcache with a schema */
export async function createUrqlClient(
  { url, token }: Access,
  cache: "default" | "graphcache",
): Promise<ExampleClient> {
  const { createGraphcache, createUrql } = await load("urql.mjs");
  const { APPS, BOARD, DESCRIBE, EVENTS } = await load("documents.mjs");
  const normalizes = cache === "graphcache";
  const client = normalizes
    ? createUrql(url, token, createGraphcache(await introspect(url, token)))
    : createUrql(url, token);
  const read = async (query: string, variables: object, context?: object): Promise<Untyped> => {
    const { data, error } = await client.query(query, variables, context).toPromise();
    if (error) throw error;
    return data;
  };
  return {
    name: normalizes ? "urql with graphcache" : "urql with its defaults",
    query: (pipeline) => read(BOARD, { pipeline }),
    async describe(pipeline, description) {
      const { data, error } = await client.mutation(DESCRIBE, { input: { pipeline, description } }).toPromise();
      if (error) throw error;
      return data;
    },
    async readApps() {
      const names: string[] = [];
      for (let after: string | null = null; ; ) {
        const { apps } = await read(APPS, { first: 2, after });
        const page = apps.edges.map(({ node }: Untyped) => node.name);
        // graphcache adds each page to those that it has.
        if (normalizes) names.splice(0);
        names.push(...page);
        if (!apps.pageInfo.hasNextPage) return names;
        after = apps.pageInfo.endCursor;
      }
    },
    subscribe(after, next) {
      const { unsubscribe } = client
        .subscription(EVENTS, { after })
        .subscribe(({ data }: Untyped) => data && next(data.events));
      return unsubscribe;
    },
    async cached(pipeline) {
      if (!normalizes) return null;
      return (await read(BOARD, { pipeline }, { requestPolicy: "cache-only" })).pipeline.description;
    },
  };
}

/** Plain graphql-ws for all operations. */
export async function createSocketClient({ url, token }: Access): Promise<ExampleClient> {
  const { connect } = await load("resume.mjs");
  const { APPS, BOARD, DESCRIBE, EVENTS } = await load("documents.mjs");
  const client = connect(url, token);
  const ask = async (query: string, variables: object): Promise<Untyped> => {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      if (errors) throw new Error(errors[0].message);
      return data;
    }
  };
  return {
    name: "graphql-ws",
    query: (pipeline) => ask(BOARD, { pipeline }),
    describe: (pipeline, description) => ask(DESCRIBE, { input: { pipeline, description } }),
    readApps: () => readPages((variables) => ask(APPS, variables)),
    subscribe: (after, next) =>
      client.subscribe(
        { query: EVENTS, variables: { after } },
        {
          next: ({ data }: Untyped) => next(data.events),
          error: (error: unknown) => {
            throw error;
          },
          complete: () => undefined,
        },
      ),
    cached: async () => null,
  };
}

/** Reads all pages of the apps with a client that has no cache. */
export async function readPages(ask: (variables: object) => Promise<Untyped>): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | null = null; ; ) {
    const { apps } = await ask({ first: 2, after });
    names.push(...apps.edges.map(({ node }: Untyped) => node.name));
    if (!apps.pageInfo.hasNextPage) return names;
    after = apps.pageInfo.endCursor;
  }
}

async function introspect(url: string, token: string): Promise<unknown> {
  const { getIntrospectionQuery } = await import("graphql");
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ query: getIntrospectionQuery() }),
  });
  return ((await response.json()) as { data: unknown }).data;
}
