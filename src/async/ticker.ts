/** Work that is repeated at an interval. */
export interface Ticker {
  /** Runs a round now, after the current one. Resolves when it has ended. */
  tick(): Promise<void>;
  /** Waits for the current round, and stops. */
  stop(): Promise<void>;
}

/**
 * Runs a round now and then at every interval, one after the other, until it is stopped.
 *
 * @param round must handle its errors; the signal asks it to end early
 */
export function ticker(milliseconds: number, round: (stopped: AbortSignal) => Promise<void>): Ticker {
  const stopping = new AbortController();
  const { signal } = stopping;
  let running = Promise.resolve();
  const tick = () => {
    running = running.then(() => (signal.aborted ? undefined : round(signal)));
    return running;
  };
  const timer = setInterval(tick, milliseconds);
  void tick();
  return {
    tick,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
