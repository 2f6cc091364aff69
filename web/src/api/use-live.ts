import { useEffect, useState } from "react";
import { type EventType, PageEventsDocument, type TypedDocumentString } from "../gql/graphql";
import { useClient } from "../session/session";
import { listen, type OperationFailed, query } from "./operations";

/** Events that arrive within this time make the page ask once, in milliseconds. */
const BATCH_MS = 150;
const RETRY_MS = 2_000;

/** Asking again would be refused again, and each refusal is recorded. */
const FINAL: readonly string[] = ["FORBIDDEN", "BAD_USER_INPUT", "UNAUTHENTICATED"];

/** Which events concern what is shown. */
export interface Scope {
  readonly pipeline?: string;
  readonly app?: string;
  readonly types?: readonly EventType[];
}

export interface LiveResult<R> {
  /** Null until it is loaded. While it is asked for again, the answer before. */
  readonly data: R | null;
  readonly error: OperationFailed | null;
  /** Increases with every answer. */
  readonly revision: number;
}

/**
 * Runs a query, and runs it again after every event that concerns it. It follows the log from the snapshot that the first answer
 * was read from, so that no event is missed.
 */
export function useLive<R extends { readonly cursor: string }, V extends object>(
  document: TypedDocumentString<R, V>,
  variables: V,
  scope: Scope = {},
): LiveResult<R> {
  const client = useClient();
  const [result, setResult] = useState<LiveResult<R>>({ data: null, error: null, revision: 0 });
  const key = JSON.stringify([variables, scope]);

  useEffect(() => {
    const [given, filter] = JSON.parse(key) as [V, Scope];
    let current = true;
    let unsubscribe: (() => void) | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;

    const load = () => {
      timer = undefined;
      asked += 1;
      const number = asked;
      query(client, document, given as V & Record<string, unknown>).then(
        (data) => {
          // A later answer is newer.
          if (!current || number < asked) return;
          setResult(({ revision }) => ({ data, error: null, revision: revision + 1 }));
          unsubscribe ??= listen(
            client,
            PageEventsDocument,
            { ...filter, after: data.cursor },
            { next: () => soon(BATCH_MS), failed: () => soon(RETRY_MS) },
          );
        },
        (error: OperationFailed) => {
          if (!current) return;
          setResult((before) => ({ ...before, error }));
          if (!FINAL.includes(error.code)) soon(RETRY_MS);
        },
      );
    };
    const soon = (ms: number) => {
      if (current) timer ??= setTimeout(load, ms);
    };
    load();
    return () => {
      current = false;
      clearTimeout(timer);
      unsubscribe?.();
    };
  }, [client, document, key]);

  return result;
}
