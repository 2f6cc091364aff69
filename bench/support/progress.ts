/** Before the first and between two lines, in milliseconds; a tenth of it on a terminal, where each replaces the last. */
const EVERY = 5000;

let what = "";
let said = 0;
let shown = false;

/** Tells whoever waits how far something has come, if it takes long: on standard error, in one line on a terminal. */
export function progress(name: string, done: number, all: number): void {
  const { stderr } = process;
  const now = performance.now();
  if (name !== what) [what, said, shown] = [name, now, false];
  const ended = done >= all;
  if (ended ? !shown : now - said < (stderr.isTTY ? EVERY / 10 : EVERY)) return;
  [said, shown] = [now, true];
  const line = `  ${name}: ${done.toLocaleString("en")} of ${all.toLocaleString("en")}`;
  if (ended) what = "";
  stderr.write(stderr.isTTY ? `\r\x1b[K${ended ? "" : line}` : `${line}\n`);
}
