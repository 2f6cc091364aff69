import { useSyncExternalStore } from "react";

/** How often ages and countdowns are rendered again, in milliseconds. */
const TICK_MS = 5_000;

/** The difference between the service's clock and this one, in milliseconds. The service's is the one that counts. */
let offset = 0;

/** Adopts the clock of a response. `Date` has a resolution of one second. */
export function setClock(date: string | null): void {
  const time = date === null ? Number.NaN : Date.parse(date);
  if (!Number.isNaN(time) && Math.abs(time - Date.now() - offset) > 2_000) offset = time - Date.now();
}

/** The time by the service's clock, in milliseconds. */
export function now(): number {
  return Date.now() + offset;
}

let tick = now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** One timer for every time on the page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    tick = now();
    for (const notify of listeners) notify();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, renewed every five seconds. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => tick);
}
