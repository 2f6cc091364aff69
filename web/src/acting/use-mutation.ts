import { useCallback, useRef, useState } from "react";
import type { AnyVariables } from "urql";
import { mutate, OperationFailed } from "../api/operations";
import type { TypedDocumentString } from "../gql/graphql";
import { useClient } from "../session/session";

export interface Mutation<V> {
  readonly busy: boolean;
  readonly error: string | null;
  /** The path of the argument that caused the error; null if none did. */
  readonly field: string | null;
  /** Does nothing while a run is under way. */
  run(variables: V): void;
}

const IDLE: Pick<Mutation<unknown>, "busy" | "error" | "field"> = { busy: false, error: null, field: null };

/** Runs a mutation at most once at a time. */
export function useMutation<R, V extends AnyVariables>(
  document: TypedDocumentString<R, V>,
  onDone: (result: R) => void,
): Mutation<V> {
  const client = useClient();
  const [state, setState] = useState(IDLE);
  // A second click can come before the first one is rendered.
  const running = useRef(false);
  const latest = useRef(onDone);
  latest.current = onDone;

  const run = useCallback(
    (variables: V) => {
      if (running.current) return;
      running.current = true;
      setState({ ...IDLE, busy: true });
      mutate(client, document, variables).then(
        (result) => {
          running.current = false;
          setState(IDLE);
          latest.current(result);
        },
        (error: unknown) => {
          running.current = false;
          const isRefused = error instanceof OperationFailed;
          setState({
            ...IDLE,
            error: isRefused ? error.message : String(error),
            field: isRefused ? error.field : null,
          });
        },
      );
    },
    [client, document],
  );
  return { ...state, run };
}

/**
 * An idempotency key for what a dialog does: a repeat after a lost answer does it once. A changed input is another request, and
 * gets another key.
 */
export function useIdempotencyKey(): (input: object) => string {
  const keys = useRef(new Map<string, string>());
  return useCallback((input) => {
    const content = JSON.stringify(input);
    const key = keys.current.get(content) ?? createKey();
    keys.current.set(content, key);
    return key;
  }, []);
}

/** `crypto.randomUUID` exists over HTTPS and on localhost only. */
function createKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
