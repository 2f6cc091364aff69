import type { Client } from "./client.js";

/** An event as the API returns it, with the fields of its type. */
export interface LoggedChange {
  readonly cursor: string;
  readonly type: string;
  readonly pipelineId: string | null;
  readonly actor: { readonly name: string; readonly role: string };
  readonly promotion?: { readonly id: string };
  readonly promotionPhase?: string;
  readonly target?: { readonly id: string; readonly app: { readonly name: string } } | null;
  readonly targetPhase?: string | null;
  readonly release?: { readonly id: string; readonly version: number; readonly app: { readonly name: string } };
  readonly releasePhase?: string;
  readonly context?: string;
  readonly state?: string;
  readonly previousState?: string | null;
  readonly subjectId?: string;
  readonly subjectName?: string;
  readonly summary?: string;
}

const EVENT = `cursor type pipelineId actor { name role }
  ... on PromotionEvent { promotion { id } promotionPhase target { id app { name } } targetPhase }
  ... on ReleaseEvent { release { id version app { name } } releasePhase }
  ... on ReleaseStatusEvent { release { id version app { name } } context state previousState }
  ... on ChangeEvent { subjectId subjectName summary }`;

/** Arguments of the query `events`. */
export interface LogFilter {
  readonly pipeline?: string;
  readonly app?: string;
  readonly types?: readonly string[];
}

/** The cursor of the newest event. */
export async function newestCursor(client: Client): Promise<string> {
  const { events } = await client.ask("{ events(last: 1) { pageInfo { endCursor } } }");
  return events.pageInfo.endCursor;
}

/** Reads all events after a cursor, page by page. With null, reads from the start. */
export async function eventsAfter(
  client: Client,
  after: string | null,
  filter: LogFilter = {},
): Promise<LoggedChange[]> {
  const all: LoggedChange[] = [];
  for (let cursor = after; ; ) {
    const { events } = await client.ask(
      `query ($after: EventCursor, $pipeline: ID, $app: ID, $types: [EventType!]) {
        events(first: 100, after: $after, pipeline: $pipeline, app: $app, types: $types) {
          nodes { ${EVENT} } pageInfo { hasNextPage endCursor }
        }
      }`,
      { after: cursor, ...filter },
    );
    all.push(...events.nodes);
    if (!events.pageInfo.hasNextPage) return all;
    cursor = events.pageInfo.endCursor;
  }
}

/** Runs a piece of work. Returns its result and the events that it appended. */
export async function recordEvents<T>(
  client: Client,
  work: () => Promise<T>,
  filter: LogFilter = {},
): Promise<{ result: T; events: LoggedChange[] }> {
  const before = await newestCursor(client);
  const result = await work();
  return { result, events: await eventsAfter(client, before, filter) };
}

/** Formats events as one line each, for example `RELEASE_CREATED shop-dev v1 SUCCEEDED`. */
export function formatEvents(events: readonly LoggedChange[]): string[] {
  return events.map((event) =>
    [
      event.type,
      event.target?.app.name,
      event.release && `${event.release.app.name} v${event.release.version}`,
      event.subjectName,
      event.context,
      event.previousState,
      event.state,
      event.releasePhase,
      event.targetPhase ?? event.promotionPhase,
    ]
      .filter((part) => part != null)
      .join(" "),
  );
}
