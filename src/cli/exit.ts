/** Exit codes. */
export const EXIT = {
  done: 0,
  /** The service refused the request, or the command failed. */
  refused: 1,
  /** Invalid usage; no request was sent. */
  usage: 2,
  /** Required checks or other gates block the promotion or release. */
  blocked: 3,
  /** The promotion finished and at least one target did not succeed. */
  notAllSucceeded: 4,
  /** The service is unreachable, or the caller is not authenticated. */
  notConnected: 5,
  /** Interrupted by Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error with an exit code and the lines to print on stderr. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly exit: ExitCode,
    /** The first line is the message. No line contains a line break. */
    readonly lines: readonly string[],
    /** Additional lines for `--verbose`. */
    readonly trace: readonly string[] = [],
    /** Printed on stdout with `--json`. */
    readonly document?: unknown,
  ) {
    super(lines[0]);
  }
}

/** Invalid usage. */
export function wrongUsage(message: string): Failure {
  return new Failure(EXIT.usage, [message]);
}

/** The named object does not exist. */
export function notFound(what: string): Failure {
  return new Failure(EXIT.refused, [`There is no ${what}.`]);
}
