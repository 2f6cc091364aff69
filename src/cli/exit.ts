/** What the command ends with: the only place that says so. */
export const EXIT = {
  done: 0,
  /** The service refused, or the command failed. */
  refused: 1,
  /** The command was called wrongly; nothing was asked of the service. */
  usage: 2,
  /** Required checks hold the promotion or release back. */
  blocked: 3,
  /** The promotion ended, and not every target succeeded. */
  notAllSucceeded: 4,
  /** No service answers, or it does not know who asks. */
  notConnected: 5,
  /** Ctrl-C before what was waited for had come about: 128 and the number of SIGINT, as shells have it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why a command ends without having done what it was asked, in the lines that the user is told. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly exit: ExitCode,
    /** The first says what was wrong; none holds a line break. */
    readonly lines: readonly string[],
    /** What `--verbose` adds. */
    readonly trace: readonly string[] = [],
  ) {
    super(lines[0]);
  }
}

/** The command was called in a way that cannot be right. */
export function wrongUsage(message: string): Failure {
  return new Failure(EXIT.usage, [message]);
}

/** What was named is not there. */
export function notFound(what: string): Failure {
  return new Failure(EXIT.refused, [`There is no ${what}.`]);
}
