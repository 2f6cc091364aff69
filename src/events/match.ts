import type { Scope } from "../entities/access/token.js";
import type { LogEvent } from "../entities/history/event.js";

/** Which events to read. Undefined or null matches all; an empty list matches nothing. */
export interface EventFilter {
  readonly pipeline?: string | null;
  readonly app?: string | null;
  readonly promotion?: string | null;
  readonly release?: string | null;
  readonly types?: readonly string[] | null;
  readonly contexts?: readonly string[] | null;
  /** Types that are excluded, even if the rest of the filter matches. */
  readonly hidden?: readonly string[];
  /**
   * Only events of these pipelines, and events of `SHARED_EVENT_TYPES` without a pipeline: a superset of what a viewer
   * with this scope may see. A scoped reader returns only the visible ones.
   */
  readonly within?: Scope | null;
}

/** The types of events without a pipeline that a viewer restricted to pipelines may see. */
export const SHARED_EVENT_TYPES: readonly string[] = [
  ...["BUILD_CREATED", "BUILD_UPDATED", "WINDOW_CREATED", "WINDOW_UPDATED", "WINDOW_DELETED"],
  ...["FREEZE_STARTED", "FREEZE_EXTENDED", "FREEZE_ENDED", "FREEZE_EXEMPTED", "GATE_OPENED", "GATE_CLOSED"],
];

function mayBeWithin(scope: Scope | null | undefined, { pipelineId, type }: LogEvent): boolean {
  if (scope == null) return true;
  return pipelineId === null ? SHARED_EVENT_TYPES.includes(type) : scope.includes(pipelineId);
}

/** Whether an event that concerns these apps matches. The same conditions as in `readEvents`, without the database. */
export function matches(filter: EventFilter, event: LogEvent, apps: readonly string[]): boolean {
  return (
    mayBeWithin(filter.within, event) &&
    (filter.app == null || apps.includes(filter.app)) &&
    (filter.pipeline == null || event.pipelineId === filter.pipeline) &&
    (filter.promotion == null || event.promotionId === filter.promotion) &&
    (filter.release == null || event.releaseId === filter.release) &&
    (filter.types == null || filter.types.includes(event.type)) &&
    filter.hidden?.includes(event.type) !== true &&
    (filter.contexts == null || (event.context !== null && filter.contexts.includes(event.context)))
  );
}

/** The key of filters without a condition on the subject or type. */
const ANY_EVENT = "*";

/**
 * The index keys of a filter, from its most selective condition. For every matching event, `keysOfEvent` contains one
 * of them.
 */
export function keysOfFilter({ promotion, release, app, pipeline, types }: EventFilter): readonly string[] {
  if (promotion != null) return [`promotion ${promotion}`];
  if (release != null) return [`release ${release}`];
  if (app != null) return [`app ${app}`];
  if (pipeline != null) return [`pipeline ${pipeline}`];
  return types?.map((type) => `type ${type}`) ?? [ANY_EVENT];
}

/** The index keys of an event: those of every filter that it may match. */
export function keysOfEvent({ promotionId, releaseId, pipelineId, type }: LogEvent, apps: readonly string[]): string[] {
  const keys = [ANY_EVENT, `type ${type}`, ...apps.map((app) => `app ${app}`)];
  if (promotionId !== null) keys.push(`promotion ${promotionId}`);
  if (releaseId !== null) keys.push(`release ${releaseId}`);
  if (pipelineId !== null) keys.push(`pipeline ${pipelineId}`);
  return keys;
}
