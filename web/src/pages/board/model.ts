import type { BoardAppFragment, BoardEventsSubscription, BoardQuery, Stage } from "../../gql/graphql";

export type BoardApp = BoardAppFragment;
export type BoardRelease = NonNullable<BoardApp["currentRelease"]>;
export type BoardEvent = BoardEventsSubscription["events"];
type Pipeline = NonNullable<BoardQuery["pipeline"]>;
export type PullRequest = Pipeline["reviewApps"][number];

/** A pipeline as the board shows it. Each change makes a new object; apps that did not change stay the same objects. */
export interface Board {
  readonly cursor: string;
  readonly pipeline: Pipeline;
  readonly apps: ReadonlyMap<string, BoardApp>;
  readonly stages: readonly { readonly stage: Stage; readonly appIds: readonly string[] }[];
  /** By the id of the review app. */
  readonly pullRequests: ReadonlyMap<string, PullRequest>;
}

/** @returns null if there is no such pipeline */
export function createBoard({ cursor, pipeline }: BoardQuery): Board | null {
  if (pipeline === null) return null;
  const stages = pipeline.stages.map(({ stage, couplings }) => ({ stage, appIds: couplings.map(({ app }) => app.id) }));
  const apps = pipeline.stages.flatMap(({ couplings }) => couplings.map(({ app }) => [app.id, app] as const));
  return {
    cursor,
    pipeline,
    stages,
    apps: new Map(apps),
    pullRequests: new Map(pipeline.reviewApps.map((one) => [one.app.id, one])),
  };
}

/** Events that change nothing that the board shows. */
const IGNORED = new Set(["BUILD_CREATED", "BUILD_UPDATED", "TOKEN_CREATED", "TOKEN_REVOKED", "ACCESS_DENIED"]);
/** Changes of an app that stays in its stage. All other changes of objects make the board load again. */
const OF_APP = new Set([
  "AUTOMATION_HELD",
  "AUTOMATION_RESUMED",
  "COUPLING_WAVE_CHANGED",
  "COUPLING_VERIFICATION_CHANGED",
]);
const OF_BUILD = new Set(["BUILD_QUARANTINED", "BUILD_RELEASED"]);

/**
 * Applies events in order. They carry what they change, so that nothing is fetched again.
 *
 * @returns the board, and whether it must be loaded again because its structure changed
 */
export function applyEvents(board: Board, events: readonly BoardEvent[]): { board: Board; reload: boolean } {
  const apps = new Map(board.apps);
  let reload = false;
  for (const event of events) {
    // The board shows no config. A release that follows from a change of it is an event of its own.
    if (event.__typename === "ConfigEvent") continue;
    if (event.__typename === "ChangeEvent") {
      const { type, subject } = event;
      if (subject?.__typename === "Coupling" && OF_APP.has(type)) {
        if (apps.has(subject.app.id)) apps.set(subject.app.id, subject.app);
      } else if (subject?.__typename === "Build" && OF_BUILD.has(type)) {
        for (const app of apps.values()) apps.set(app.id, withQuarantines(app, subject));
      } else reload ||= !IGNORED.has(type);
      continue;
    }
    // An approval changes no app: the promotion that it lets go does, with events of its releases.
    if (event.__typename === "ApprovalEvent") continue;
    const app = event.__typename === "PromotionEvent" ? event.target?.app : event.release.app;
    if (app != null && apps.has(app.id)) apps.set(app.id, app);
  }
  return { board: { ...board, apps }, reload };
}

/** The app, if it has no release of the build; else a copy with the quarantines of it. */
function withQuarantines(
  app: BoardApp,
  { id, quarantines }: Pick<BoardRelease["build"], "id" | "quarantines">,
): BoardApp {
  const update = (release: BoardRelease): BoardRelease =>
    release.build.id === id ? { ...release, build: { ...release.build, quarantines } } : release;
  const { currentRelease, releases } = app;
  if (currentRelease?.build.id !== id && releases.nodes.every(({ build }) => build.id !== id)) return app;
  return {
    ...app,
    currentRelease: currentRelease && update(currentRelease),
    releases: { nodes: releases.nodes.map(update) },
  };
}
