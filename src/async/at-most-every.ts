/**
 * Limits how often a task of a ticker runs: the returned function runs it if its last success is at least the interval
 * ago, and does nothing otherwise. The first call runs it. After a failure, the next call runs it again.
 *
 * @param intervalMs in milliseconds
 */
export function atMostEvery<A extends readonly unknown[]>(
  intervalMs: number,
  now: () => Date,
  task: (...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  let doneAt = Number.NEGATIVE_INFINITY;
  return async (...args) => {
    const time = now().getTime();
    if (time - doneAt < intervalMs) return;
    await task(...args);
    doneAt = time;
  };
}
