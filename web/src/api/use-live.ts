import { useEffect, useRef, useState } from "react";
import { type EventType, PageEventsDocument, type TypedDocumentString } from "../gql/graphql";
import { useClient } from "../session/session";
import { listen, OperationFailed, query } from "./operations";

/** Events that arrive within this time make the page ask once, in milliseconds. */
const BATCH_MS = 60;
/** While many events arrive, the page asks this often, in milliseconds. */
const INTERVAL_MS = 500;
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
 * was read from, so that no event is missed. Only one answer is awaited at a time: under a steady stream of events each is shown.
 *
 * @param scope which events; a function decides with the first answer
 */
export function useLive<R extends { readonly cursor: string }, V extends object>(
  document: TypedDocumentString<R, V>,
  variables: V,
  scope: Scope | ((data: R) => Scope) = {},
): LiveResult<R> {
  const client = useClient();
  const [result, setResult] = useState<LiveResult<R>>({ data: null, error: null, revision: 0 });
  const key = JSON.stringify([variables, typeof scope === "function" ? null : scope]);
  const latestScope = useRef(scope);
  latestScope.current = scope;

  useEffect(() => {
    const [given] = JSON.parse(key) as [V];
    let current = true;
    let unsubscribe: (() => void) | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asking = false;
    /** Something changed after the answer that is on its way was read. */
    let changed = false;
    let askedAt = 0;

    const load = async () => {
      timer = undefined;
      asking = true;
      changed = false;
      askedAt = performance.now();
      let wait: number | null = null;
      try {
        const data = await query(client, document, given as V & Record<string, unknown>);
        if (!current) return;
        setResult(({ revision }) => ({ data, error: null, revision: revision + 1 }));
        unsubscribe ??= follow(data);
      } catch (error) {
        if (!current || !(error instanceof OperationFailed)) return;
        setResult((before) => ({ ...before, error }));
        wait = FINAL.includes(error.code) ? null : RETRY_MS;
      }
      asking = false;
      if (wait !== null) soon(wait);
      else if (changed) soon(INTERVAL_MS);
    };
    const follow = (data: R) => {
      const scope = latestScope.current;
      const filter = typeof scope === "function" ? scope(data) : scope;
      const next = () => soon(Math.max(BATCH_MS, askedAt + INTERVAL_MS - performance.now()));
      // For example, the events after the cursor were pruned: follow from the next answer.
      const failed = () => {
        unsubscribe?.();
        unsubscribe = undefined;
        soon(RETRY_MS);
      };
      return listen(client, PageEventsDocument, { ...filter, after: data.cursor }, { next, failed });
    };
    const soon = (ms: number) => {
      if (asking) changed = true;
      else if (current) timer ??= setTimeout(() => void load(), ms);
    };
    void load();
    return () => {
      current = false;
      clearTimeout(timer);
      unsubscribe?.();
    };
  }, [client, document, key]);

  return result;
}
