/**
 * Runs something until it is stopped, and starts it again as often as it asks for that.
 *
 * @param start starts it, and returns what stops it. It may call `again` with the wait before the next start, in milliseconds;
 *   until then it runs on. Further calls of the same run do nothing.
 * @returns stops it for good
 */
export function runAgain(start: (again: (waitMs: number) => void) => () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  const run = () => {
    let isAsked = false;
    stop = start((waitMs) => {
      if (isAsked) return;
      isAsked = true;
      timer = setTimeout(() => {
        stop();
        run();
      }, waitMs);
    });
  };
  run();
  return () => {
    clearTimeout(timer);
    stop();
  };
}
