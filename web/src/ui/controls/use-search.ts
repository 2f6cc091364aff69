import { startTransition, useOptimistic } from "react";
import { useSearchParams } from "react-router";

/**
 * The query of the address, for controls that show it. The router changes the address in a transition, which live updates may
 * delay; a control must show what was chosen at once.
 */
export function useSearch(): readonly [search: URLSearchParams, change: (search: URLSearchParams) => void] {
  const [current, setCurrent] = useSearchParams();
  const [search, show] = useOptimistic(current);
  const change = (next: URLSearchParams) => {
    startTransition(() => {
      show(next);
      setCurrent(next, { replace: true });
    });
  };
  return [search, change];
}
