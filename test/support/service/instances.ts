import type { Client } from "../clients/client.js";
import { freshDatabase } from "../database/engine.js";
import { type Cleanup, type ServerOptions, startServer, type TestServer } from "./server.js";

/** Starts several instances of the service on one database. */
export async function startInstances(t: Cleanup, count: number, options: ServerOptions = {}): Promise<TestServer[]> {
  const DATABASE_URL = await freshDatabase(t);
  const instances: TestServer[] = [];
  for (let index = 0; index < count; index += 1) {
    instances.push(await startServer(t, { ...options, env: { ...options.env, DATABASE_URL } }));
  }
  return instances;
}

export interface LoggedEvent {
  readonly cursor: string;
  readonly type: string;
  readonly subjectId?: string;
  readonly subjectName?: string;
  readonly summary?: string;
  readonly release?: { readonly id: string };
  readonly context?: string;
  readonly state?: string;
  readonly promotion?: { readonly id: string };
}

const EVENTS = `query ($after: EventCursor) {
  events(first: 100, after: $after) {
    nodes {
      cursor type
      ... on ChangeEvent { subjectId subjectName summary }
      ... on ReleaseStatusEvent { release { id } context state }
      ... on ReleaseEvent { release { id } }
      ... on PromotionEvent { promotion { id } }
    }
    pageInfo { endCursor hasNextPage }
  }
}`;

/** Reads the events after a cursor. Returns them with the cursor to continue from. */
export async function readLog(client: Client, after: string | null = null) {
  const events: LoggedEvent[] = [];
  let cursor = after;
  for (;;) {
    const page = (await client.ask(EVENTS, { after: cursor })).events;
    events.push(...page.nodes);
    cursor = page.pageInfo.endCursor ?? cursor;
    if (!page.pageInfo.hasNextPage) return { events, cursor };
  }
}

/** Picks a random element. */
export function pickOne<T>(from: readonly T[]): T {
  return from[Math.floor(Math.random() * from.length)] as T;
}

/** Picks random elements, at least one. */
export function pickSome<T>(from: readonly T[]): T[] {
  const chosen = from.filter(() => Math.random() < 0.4);
  return chosen.length === 0 ? [pickOne(from)] : chosen;
}
