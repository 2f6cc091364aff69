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

/** Events that carry the apps that they change. All others change the board's structure, apart from new builds. */
const IGNORED = new Set(["BUILD_CREATED", "BUILD_UPDATED", "TOKEN_CREATED", "TOKEN_REVOKED", "ACCESS_DENIED"]);

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
      reload ||= !IGNORED.has(event.type);
      continue;
    }
    // An approval changes no app: the promotion that it lets go does, with events of its releases.
    if (event.__typename === "ApprovalEvent") continue;
    const app = event.__typename === "PromotionEvent" ? event.target?.app : event.release.app;
    if (app != null && apps.has(app.id)) apps.set(app.id, app);
  }
  return { board: { ...board, apps }, reload };
}
