/** What is looked after again and again, for as long as the service runs. */
export interface Ticker {
  /** Makes a round now, once the one under way has ended; resolves when it has. */
  tick(): Promise<void>;
  /** Lets the round under way end, and makes no more. */
  stop(): Promise<void>;
}

/**
 * Makes a round at once, and then another one each time that so many milliseconds have passed; one after the other, and
 * none once it is stopped.
 *
 * @param round what fails of it is its own to deal with; the signal tells it that it is to end early
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
