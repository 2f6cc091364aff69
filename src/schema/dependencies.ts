import { createLoaders, type Loaders } from "../database/queries/loaders.js";
import type { Reader } from "../database/rows/reader.js";
import type { Build } from "../entities/builds/build.js";

/**
 * What the answer to one query is made from: the pipelines and apps of which an event tells when any of it changes. An
 * answer whose sources are known may be kept until such an event.
 *
 * Nothing is known until somebody vouches for it. A query has to be of a kind that `begin` is called for, every row has
 * to come through `tracedLoaders` or a lookup, and a single statement that goes another way makes the whole unknown: a
 * field that reads in a new way is at worst not kept.
 */
export class Dependencies {
  readonly #ids = new Set<string>();
  #tracking = false;
  #untracked = false;

  /** The ids of the pipelines and apps; null where they are not known. */
  get ids(): ReadonlySet<string> | null {
    return this.#tracking && !this.#untracked ? this.#ids : null;
  }

  /** The query asks for nothing but what can be traced. */
  track(): void {
    this.#tracking = true;
  }

  /** Something else went into the answer. */
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

/** A reader every statement of which makes the sources unknown. */
export function trackingReader(reader: Reader, sources: Dependencies): Reader {
  return reader.through((runner) => ({
    query: (text, parameters) => {
      sources.markUntracked();
      return runner.query(text, parameters);
    },
  }));
}

/**
 * Loaders that note what they load, as far as the event log tells of every change to it: a pipeline's row and couplings
 * by events of the pipeline; an app's row, coupling, releases and their statuses by events of the app. A build that has
 * SUCCEEDED never changes. All others go through the untraced reader.
 */
export function trackingLoaders(reader: Reader, untraced: Reader, sources: Dependencies): Loaders {
  const known = createLoaders(reader);
  const others = createLoaders(untraced);
  const { named } = known;
  const app = withTracking(known.app, (id) => sources.add(id));
  const build = withTracking(known.build, noteBuild);
  return {
    ...others,
    pipeline: withTracking(known.pipeline, (id) => sources.add(id)),
    app,
    build,
    named: {
      app: named.app === app ? app : withTracking(named.app, (id) => sources.add(id)),
      build: named.build === build ? build : withTracking(named.build, noteBuild),
      release: others.named.release,
    },
    couplingsOfPipeline: withTracking(known.couplingsOfPipeline, (id) => sources.add(id)),
    couplingOfApp: withTracking(known.couplingOfApp, (id) => sources.add(id)),
    currentReleaseOfApp: withTracking(known.currentReleaseOfApp, (id) => sources.add(id)),
    statusesOfRelease: withTracking(known.statusesOfRelease, (release) => sources.add(release.appId)),
  };

  function noteBuild(_: string, found: Build | null): void {
    if (found?.phase !== "SUCCEEDED") sources.markUntracked();
  }
}

/** The same loader, with a note of everything that it is asked for; taken once more when what it gave is there. */
function withTracking<L extends { load(key: never): Promise<unknown> }>(
  loader: L,
  note: (key: Parameters<L["load"]>[0], value: Awaited<ReturnType<L["load"]>>) => void,
): L {
  const load = loader.load.bind(loader) as (key: Parameters<L["load"]>[0]) => Promise<never>;
  loader.load = (async (key: Parameters<L["load"]>[0]) => {
    const value = await load(key);
    note(key, value);
    return value;
  }) as L["load"];
  return loader;
}
