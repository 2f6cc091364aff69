import { useEffect, useState } from "react";
import { listen, type OperationFailed, query } from "../../api/operations";
import { runAgain } from "../../api/run-again";
import { BoardDocument, BoardEventsDocument } from "../../gql/graphql";
import { useClient } from "../../session/session";
import { applyEvents, type Board, type BoardEvent, createBoard } from "./model";

/** Events that arrive within this time are rendered together, in milliseconds. */
const BATCH_MS = 40;
const RETRY_MS = 2_000;

export interface BoardResult {
  /** Null until it is loaded, and if there is no such pipeline. */
  readonly board: Board | null;
  readonly loaded: boolean;
  readonly error: OperationFailed | null;
  /** Increases with every change. */
  readonly revision: number;
}

/**
 * Loads a board, and applies every event after it. When its structure changes, it is loaded again, and the events after that
 * answer are applied to it.
 */
export function useBoard(pipeline: string): BoardResult {
  const client = useClient();
  const [result, setResult] = useState<BoardResult>({ board: null, loaded: false, error: null, revision: 0 });

  useEffect(() => {
    return runAgain((again) => {
      let current = true;
      let unsubscribe: (() => void) | undefined;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let pending: BoardEvent[] = [];
      let board: Board | null = null;

      const publish = (next: Board | null) => {
        board = next;
        setResult(({ revision }) => ({ board: next, loaded: true, error: null, revision: revision + 1 }));
      };
      const flush = () => {
        timer = undefined;
        const events = pending;
        pending = [];
        if (board === null) return;
        const applied = applyEvents(board, events);
        publish(applied.board);
        if (applied.reload) again(0);
      };

      query(client, BoardDocument, { pipeline }).then(
        (data) => {
          if (!current) return;
          const loaded = createBoard(data);
          publish(loaded);
          if (loaded === null) return;
          const variables = { pipeline: loaded.pipeline.id, after: loaded.cursor };
          unsubscribe = listen(client, BoardEventsDocument, variables, {
            next: ({ events }) => {
              pending.push(events);
              timer ??= setTimeout(flush, BATCH_MS);
            },
            failed: () => again(RETRY_MS),
          });
        },
        (error: OperationFailed) => {
          if (!current) return;
          setResult((before) => ({ ...before, loaded: true, error }));
          again(RETRY_MS);
        },
      );
      return () => {
        current = false;
        clearTimeout(timer);
        unsubscribe?.();
      };
    });
  }, [client, pipeline]);

  return result;
}
