import { type Logger, pino } from "pino";
import { build as prettyStream } from "pino-pretty";

export type { Logger } from "pino";

/** Logs JSON lines to standard output, or lines for people where that is a terminal. No secret is ever handed to it. */
export function createLogger(level: string, terminal = process.stdout.isTTY === true): Logger {
  const stream = terminal
    ? prettyStream({ ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss", singleLine: true })
    : undefined;
  return stream === undefined ? pino({ level }) : pino({ level }, stream);
}
