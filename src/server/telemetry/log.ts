import { type Logger, pino } from "pino";
import { build as prettyStream } from "pino-pretty";

export type { Logger } from "pino";

export interface LogOptions {
  /** Whether a person reads along; by default, whether standard output is a terminal. */
  readonly terminal?: boolean;
  /** What must not be read there, wherever it turns up. */
  readonly secrets?: readonly string[];
}

/**
 * Logs JSON lines to standard output, or lines for people where that is a terminal. No secret is handed to it on purpose;
 * one that comes along in the words of a library's error is blotted out.
 */
export function createLogger(level: string, options: LogOptions = {}): Logger {
  const { terminal = process.stdout.isTTY === true, secrets = [] } = options;
  const stream = terminal
    ? prettyStream({ ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss", singleLine: true })
    : undefined;
  const settings = { level, hooks: { streamWrite: redactor(secrets) } };
  return stream === undefined ? pino(settings) : pino(settings, stream);
}

const REDACTED = "[secret]";

/** What looks like a secret: a token of ours, a JWT, what follows the name of a scheme, a password in an address. */
const SECRETS: readonly RegExp[] = [
  /\brailyard_[\w-]{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /(?<=\b(?:Bearer|Basic)\s+)[^\s"\\,]+/gi,
  /(?<=[a-z]:\/\/[^\s/:@"\\]*:)[^\s/@"\\]+(?=@)/gi,
];

/** Takes secrets out of a line of the log: those that are known, as they stand in JSON, and whatever looks like one. */
export function redactor(secrets: readonly string[]): (line: string) => string {
  // One of a few characters would blot out half of every line.
  const known = secrets.filter((secret) => secret.length >= 6).map((secret) => JSON.stringify(secret).slice(1, -1));
  return (line) => {
    const without = known.reduce((text, secret) => text.replaceAll(secret, REDACTED), line);
    return SECRETS.reduce((text, pattern) => text.replace(pattern, REDACTED), without);
  };
}
