import { createLoaders, type Loaders } from "../database/queries/loaders.js";
import type { Reader } from "../database/rows/reader.js";
import type { RowBudget } from "../database/rows/row-budget.js";
import type { Build } from "../entities/builds/build.js";

/**
 * The pipelines and apps that the result of a query depends on. Every change to the data of the result raises an event
 * of one of them. A result with known dependencies can be cached until such an event.
 *
 * Dependencies are unknown by default. They are known only if:
 * - `track` was called, which happens for certain kinds of queries, and
 * - every row came through `trackingLoaders` or a lookup.
 *
 * Any other SQL statement marks the whole result as untracked. A field that reads in a new way is therefore not cached,
 * rather than cached without invalidation.
 */
export class Dependencies {
  readonly #ids = new Set<string>();
  #tracking = false;
  #untracked = false;

  /** The ids of the pipelines and apps; null if they are unknown. */
  get ids(): ReadonlySet<string> | null {
    return this.#tracking && !this.#untracked ? this.#ids : null;
  }

  /** Starts tracking. The query must select only fields whose dependencies can be tracked. */
  track(): void {
    this.#tracking = true;
  }

  /** Records that the result depends on something untracked. */
  markUntracked(): void {
    this.#untracked = true;
  }

  add(id: string): void {
    this.#ids.add(id);
  }

  /** Records a lookup by a unique key. A lookup that found nothing is untracked: no event announces the missing row. */
  addLookup(row: { readonly id: string } | null): void {
    if (row === null) this.markUntracked();
    else this.add(row.id);
  }
}

/** Returns a reader that marks the result as untracked with every statement. */
export function trackingReader(reader: Reader, dependencies: Dependencies): Reader {
  return reader.withRunner((runner) => ({
    query: (text, parameters) => {
      dependencies.markUntracked();
      return runner.query(text, parameters);
    },
  }));
}

/**
 * Returns loaders that record dependencies, where the event log covers every change to the loaded rows:
 * - a pipeline's row, couplings and policies: events of the pipeline;
 * - an app's row, coupling, releases and their statuses: events of the app;
 * - a build that has SUCCEEDED: never changes. Its quarantines do: events of every app that has a release of it.
 *
 * All other loaders use `untrackedReader`, which marks the result as untracked.
 */
export function trackingLoaders(
  reader: Reader,
  untrackedReader: Reader,
  time: () => Promise<Date>,
  dependencies: Dependencies,
  budget: RowBudget,
): Loaders {
  const tracked = createLoaders(reader, time, budget);
  const untracked = createLoaders(untrackedReader, time, budget);
  const { referenced } = tracked;
  const app = withTracking(tracked.app, (id) => dependencies.add(id));
  const build = withTracking(tracked.build, addBuild);
  return {
    ...untracked,
    pipeline: withTracking(tracked.pipeline, (id) => dependencies.add(id)),
    app,
    build,
    referenced: {
      app: referenced.app === app ? app : withTracking(referenced.app, (id) => dependencies.add(id)),
      build: referenced.build === build ? build : withTracking(referenced.build, addBuild),
      release: untracked.referenced.release,
    },
    couplingsOfPipeline: withTracking(tracked.couplingsOfPipeline, (id) => dependencies.add(id)),
    policiesOfPipeline: withTracking(tracked.policiesOfPipeline, (id) => dependencies.add(id)),
    couplingOfApp: withTracking(tracked.couplingOfApp, (id) => dependencies.add(id)),
    currentReleaseOfApp: withTracking(tracked.currentReleaseOfApp, (id) => dependencies.add(id)),
    quarantinesOfBuild: tracked.quarantinesOfBuild,
    statusesOfRelease: withTracking(tracked.statusesOfRelease, (release) => dependencies.add(release.appId)),
  };

  function addBuild(_: string, build: Build | null): void {
    if (build?.phase !== "SUCCEEDED") dependencies.markUntracked();
  }
}

/** Makes the loader call `record` with each key and its value, once the value has loaded. */
function withTracking<L extends { load(key: never): Promise<unknown> }>(
  loader: L,
  record: (key: Parameters<L["load"]>[0], value: Awaited<ReturnType<L["load"]>>) => void,
): L {
  const load = loader.load.bind(loader) as (key: Parameters<L["load"]>[0]) => Promise<never>;
  loader.load = (async (key: Parameters<L["load"]>[0]) => {
    const value = await load(key);
    record(key, value);
    return value;
  }) as L["load"];
  return loader;
}
