/** Between two lines of progress where they cannot overwrite one another, in milliseconds; on a terminal a tenth of it. */
const EVERY = 5000;

let said = 0;

/** Tells whoever waits how far something has come: on standard error, in one line on a terminal. */
export function progress(what: string, done: number, all: number): void {
  const { stderr } = process;
  const ended = done >= all;
  if (!ended && performance.now() - said < (stderr.isTTY ? EVERY / 10 : EVERY)) return;
  said = performance.now();
  const line = `  ${what}: ${done.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  stderr.write(stderr.isTTY ? `\r\x1b[K${ended ? "" : line}` : `${line}\n`);
}
