/** What an appended event concerns: its type, pipeline and apps. */
export interface AppendedEvent {
  readonly type: string;
  readonly pipelineId: string | null;
  readonly apps: readonly string[];
}

/** What one write changed: the events that its transaction appended. Every change that clients can see appends one. */
export interface CommittedChanges {
  readonly events: readonly AppendedEvent[];
}

export type ChangeListener = (changes: CommittedChanges) => void;

/** Notifies listeners of the changes of each write, before the write is acknowledged. */
export class ChangeNotifier {
  readonly #listeners = new Set<ChangeListener>();

  /** @returns a function that removes the listener */
  add(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Runs a write. Its promise settles after the listeners have returned.
   *
   * @param write calls `started` with its transaction. A retry calls it again; only the last transaction counts.
   */
  async notifyAfter<T>(
    write: (started: (tx: { readonly appended: readonly AppendedEvent[] }) => void) => Promise<T>,
  ): Promise<T> {
    let events: readonly AppendedEvent[] = [];
    try {
      return await write((tx) => {
        events = tx.appended;
      });
    } finally {
      // Also after an error, because a commit without a confirmation may have taken effect.
      if (events.length > 0) for (const listener of this.#listeners) listener({ events });
    }
  }
}
