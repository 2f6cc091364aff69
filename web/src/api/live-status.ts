import { useSyncExternalStore } from "react";
import { now } from "./clock";

/**
 * Whether what is shown is current:
 * - `connecting`: the first connection is being made
 * - `live`: events arrive as they happen
 * - `behind`: connected, but events that happened `lagMs` ago are still arriving
 * - `reconnecting`: the connection was lost at `since`
 */
export type LiveStatus =
  | { readonly state: "connecting" | "live" }
  | { readonly state: "behind"; readonly lagMs: number }
  | { readonly state: "reconnecting"; readonly since: number };

/** Events older than this are a backlog, in milliseconds. Clocks are compared with a resolution of a second. */
const MIN_LAG_MS = 4_000;
/** Without an event for this long, the backlog is done, in milliseconds. */
const BACKLOG_PAUSE_MS = 1_000;

/** Keeps the status of the connection. */
export class LiveStatusStore {
  #status: LiveStatus = { state: "connecting" };
  #listeners = new Set<() => void>();
  #backlog: ReturnType<typeof setTimeout> | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): LiveStatus => this.#status;

  connected(): void {
    this.#set({ state: "live" });
  }

  disconnected(): void {
    if (this.#status.state !== "reconnecting") this.#set({ state: "reconnecting", since: now() });
  }

  /** Call for every event that arrives, with the time at which it happened. */
  received(occurredAt: string): void {
    if (this.#status.state === "reconnecting") return;
    const lagMs = now() - Date.parse(occurredAt);
    clearTimeout(this.#backlog);
    if (lagMs > MIN_LAG_MS) {
      this.#set({ state: "behind", lagMs });
      this.#backlog = setTimeout(() => {
        if (this.#status.state === "behind") this.connected();
      }, BACKLOG_PAUSE_MS);
    } else if (this.#status.state === "behind") this.connected();
  }

  #set(status: LiveStatus): void {
    this.#status = status;
    for (const listener of this.#listeners) listener();
  }
}

export function useLiveStatus(store: LiveStatusStore): LiveStatus {
  return useSyncExternalStore(store.subscribe, store.get);
}
