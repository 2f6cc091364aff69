/**
 * Interval between progress lines and before the first one, in milliseconds. On a terminal, where a line replaces the
 * previous one, it is a tenth.
 */
const PROGRESS_INTERVAL_MS = 5000;

let task = "";
let lastReportAt = 0;
let hasReported = false;

/** Reports the progress of a long task on standard error. On a terminal it updates a single line. */
export function reportProgress(name: string, done: number, all: number): void {
  const { stderr } = process;
  const now = performance.now();
  if (name !== task) [task, lastReportAt, hasReported] = [name, now, false];
  const ended = done >= all;
  if (ended ? !hasReported : now - lastReportAt < (stderr.isTTY ? PROGRESS_INTERVAL_MS / 10 : PROGRESS_INTERVAL_MS))
    return;
  [lastReportAt, hasReported] = [now, true];
  const line = `  ${name}: ${done.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  if (ended) task = "";
  stderr.write(stderr.isTTY ? `\r\x1b[K${ended ? "" : line}` : `${line}\n`);
}
