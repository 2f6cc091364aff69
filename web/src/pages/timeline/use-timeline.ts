import { useCallback, useEffect, useRef, useState } from "react";
import { listen, type OperationFailed, query } from "../../api/operations";
import { runAgain } from "../../api/run-again";
import { type EventLineFragment, type EventType, TimelineDocument, TimelineEventsDocument } from "../../gql/graphql";
import { useClient } from "../../session/session";

const PAGE_SIZE = 50;
const BATCH_MS = 60;
const RETRY_MS = 2_000;

export interface TimelineFilter {
  readonly pipeline?: string;
  /** The name or id of an app. */
  readonly app?: string;
  readonly types?: readonly EventType[];
}

export interface Timeline {
  /** The newest first. */
  readonly events: readonly EventLineFragment[];
  readonly loaded: boolean;
  /** Whether there are older ones. */
  readonly hasOlder: boolean;
  readonly error: OperationFailed | null;
  loadOlder(): void;
}

interface State {
  readonly events: readonly EventLineFragment[];
  readonly loaded: boolean;
  /** The place before which older ones are; null at the beginning of the log. */
  readonly start: string | null;
  readonly error: OperationFailed | null;
}

const EMPTY: State = { events: [], loaded: false, start: null, error: null };

/** The log: its newest events, live, and older ones page by page. */
export function useTimeline(filter: TimelineFilter): Timeline {
  const client = useClient();
  const [state, setState] = useState<State>(EMPTY);
  const loading = useRef(false);
  const key = JSON.stringify(filter);

  useEffect(() => {
    const given = JSON.parse(key) as TimelineFilter;
    setState(EMPTY);
    return runAgain((again) => {
      let current = true;
      let unsubscribe: (() => void) | undefined;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let arrived: EventLineFragment[] = [];

      const flush = () => {
        timer = undefined;
        const newest = arrived.reverse();
        arrived = [];
        setState((before) => ({ ...before, events: [...newest, ...before.events] }));
      };
      const fail = (error: OperationFailed) => {
        if (!current) return;
        setState((before) => ({ ...before, error }));
        again(RETRY_MS);
      };
      query(client, TimelineDocument, { ...given, size: PAGE_SIZE }).then(({ cursor, events }) => {
        if (!current) return;
        const { hasPreviousPage, startCursor } = events.pageInfo;
        const start = hasPreviousPage ? startCursor : null;
        setState({ events: [...events.nodes].reverse(), loaded: true, start, error: null });
        const variables = { ...given, after: cursor };
        unsubscribe = listen(client, TimelineEventsDocument, variables, {
          next: ({ events: event }) => {
            arrived.push(event);
            timer ??= setTimeout(flush, BATCH_MS);
          },
          failed: fail,
        });
      }, fail);
      return () => {
        current = false;
        clearTimeout(timer);
        unsubscribe?.();
      };
    });
  }, [client, key]);

  const { start } = state;
  const loadOlder = useCallback(() => {
    if (start === null || loading.current) return;
    loading.current = true;
    query(client, TimelineDocument, { ...(JSON.parse(key) as TimelineFilter), size: PAGE_SIZE, before: start })
      .then(
        ({ events: { nodes, pageInfo } }) =>
          setState((before) => {
            // The filter changed meanwhile.
            if (before.start !== start) return before;
            const next = pageInfo.hasPreviousPage ? pageInfo.startCursor : null;
            return { ...before, events: [...before.events, ...[...nodes].reverse()], start: next, error: null };
          }),
        (error: OperationFailed) => setState((before) => ({ ...before, error })),
      )
      .finally(() => {
        loading.current = false;
      });
  }, [client, key, start]);

  return { events: state.events, loaded: state.loaded, hasOlder: start !== null, error: state.error, loadOlder };
}
