import { type Logger, pino } from "pino";
import { build as prettyStream } from "pino-pretty";

export type { Logger } from "pino";

export interface LogOptions {
  /** Formats log lines for people. @default whether standard output is a terminal */
  readonly terminal?: boolean;
  /** Values to redact wherever they occur. */
  readonly secrets?: readonly string[];
}

/**
 * Logs JSON lines to standard output, or human-readable lines if it is a terminal. Secrets are never logged on purpose.
 * Those in error messages of libraries are redacted.
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

/**
 * Patterns of secrets: Railyard tokens, signing secrets of webhooks, JWTs, credentials after an authentication scheme,
 * and passwords in URLs.
 */
const SECRETS: readonly RegExp[] = [
  /\brailyard_[\w-]{16,}/g,
  /\bwhsec_[\w+/=]{16,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /(?<=\b(?:Bearer|Basic)\s+)[^\s"\\,]+/gi,
  /(?<=[a-z]:\/\/[^\s/:@"\\]*:)[^\s/@"\\]+(?=@)/gi,
];

/**
 * Creates a function that redacts the given secrets, as they appear in JSON, and everything that matches a secret
 * pattern.
 */
export function redactor(secrets: readonly string[]): (line: string) => string {
  // Shorter secrets would match ordinary text.
  const known = secrets.filter((secret) => secret.length >= 6).map((secret) => JSON.stringify(secret).slice(1, -1));
  return (line) => {
    const redacted = known.reduce((text, secret) => text.replaceAll(secret, REDACTED), line);
    return SECRETS.reduce((text, pattern) => text.replace(pattern, REDACTED), redacted);
  };
}
