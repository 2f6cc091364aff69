import { useEffect, useState } from "react";
import { listen, type OperationFailed, query } from "../../api/operations";
import { runAgain } from "../../api/run-again";
import { OverviewEventsDocument, PipelinesDocument } from "../../gql/graphql";
import { useClient } from "../../session/session";
import { type Summary, summarize } from "./summary";

const PAGE_SIZE = 100;
const BATCH_MS = 100;
const RETRY_MS = 2_000;

export interface Overview {
  readonly pipelines: ReadonlyMap<string, Summary>;
  /** The number of all pipelines; null until the first page has arrived. */
  readonly total: number | null;
  readonly error: OperationFailed | null;
}

/** Loads all pipelines page by page, and applies the events after the first page: each carries the pipeline that it changes. */
export function useOverview(): Overview {
  const client = useClient();
  const [overview, setOverview] = useState<Overview>({ pipelines: new Map(), total: null, error: null });

  useEffect(() => {
    return runAgain((again) => {
      let current = true;
      let unsubscribe: (() => void) | undefined;
      let timer: ReturnType<typeof setTimeout> | undefined;
      /** Null if it was deleted. */
      let pending = new Map<string, Summary | null>();
      /** Newer than any page that is still on its way. */
      const changed = new Set<string>();

      const flush = () => {
        timer = undefined;
        const changes = pending;
        pending = new Map();
        setOverview((before) => {
          const pipelines = new Map(before.pipelines);
          for (const [id, summary] of changes) {
            if (summary === null) pipelines.delete(id);
            else pipelines.set(id, summary);
          }
          return { ...before, pipelines, total: Math.max(before.total ?? 0, pipelines.size), error: null };
        });
      };
      const follow = (after: string) => {
        unsubscribe = listen(
          client,
          OverviewEventsDocument,
          { after },
          {
            next: ({ events: { pipelineId, pipeline } }) => {
              if (pipelineId === null) return;
              changed.add(pipelineId);
              pending.set(pipelineId, pipeline === null ? null : summarize(pipeline));
              timer ??= setTimeout(flush, BATCH_MS);
            },
            failed: () => again(RETRY_MS),
          },
        );
      };
      const load = async () => {
        const loaded = new Map<string, Summary>();
        let after: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof loadPage>> = await loadPage(after);
          if (!current) return;
          if (after === null) follow(page.cursor);
          for (const node of page.pipelines.nodes) if (!changed.has(node.id)) loaded.set(node.id, summarize(node));
          const total = page.pipelines.totalCount;
          after = page.pipelines.pageInfo.hasNextPage ? page.pipelines.pageInfo.endCursor : null;
          const complete = after === null;
          setOverview((before) => {
            // Until all pages are here, what was loaded before an interruption stays.
            const kept = [...before.pipelines].filter(([id]) => changed.has(id) || !complete);
            return { pipelines: new Map([...kept, ...loaded]), total, error: null };
          });
        } while (after !== null);
      };
      const loadPage = (after: string | null) => query(client, PipelinesDocument, { size: PAGE_SIZE, after });

      load().catch((error: OperationFailed) => {
        if (!current) return;
        setOverview((before) => ({ ...before, error }));
        again(RETRY_MS);
      });
      return () => {
        current = false;
        clearTimeout(timer);
        unsubscribe?.();
      };
    });
  }, [client]);

  return overview;
}
