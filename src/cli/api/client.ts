import type { Connection } from "../auth/connection.js";
import { EXIT, type ExitCode, Failure } from "../exit.js";
import { type BlockerHints, explainBlockers } from "../output/blockers.js";
import { nameCommands, nameOption } from "./argument-names.js";
import type { BlockerCode, BlockerFragment } from "./generated.js";
import { postJson } from "./http.js";
import type { Operation } from "./operation.js";

/** Maximum time to wait for a response, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 60_000;

/** A GraphQL error of the API. */
export interface ApiError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly field?: string;
    readonly blockers?: readonly BlockerFragment[];
    readonly oldestCursor?: string;
    readonly requestId?: string;
  };
}

/** GraphQL client of one service. */
export class Api {
  /** The `--verbose` lines of the last successful response, for failures detected by the client. */
  lastResponse: readonly string[] = [];

  /** @param timeoutMs maximum time for each response, in milliseconds */
  constructor(
    readonly connection: Connection,
    readonly timeoutMs = RESPONSE_TIMEOUT_MS,
  ) {}

  /**
   * Runs an operation.
   *
   * @throws Failure if the service returns an error or does not respond
   */
  async run<Result, Variables>(
    { name, document }: Operation<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const { url, token } = this.connection;
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query: document, operationName: name, variables });
    const { status, requestId, text } = await postJson(new URL(`${url}/graphql`), headers, body, this.timeoutMs).catch(
      (error: unknown) => {
        throw noResponse(url, error, name);
      },
    );
    const response = parseResponse(text);
    if (response === null) {
      const message = `The service at ${url} is not Railyard (HTTP status ${status}). Set its address with --url.`;
      throw new Failure(EXIT.notConnected, [message], [`operation ${name}`]);
    }
    const [error] = response.errors ?? [];
    if (error !== undefined) throw toFailure(error, name, requestId, this.connection);
    this.lastResponse = [`operation ${name}`, ...(requestId === null ? [] : [`request ${requestId}`])];
    return response.data as Result;
  }
}

/** A promotion or release is blocked. */
export class Blocked extends Failure {
  constructor(
    exit: ExitCode,
    readonly summary: string,
    readonly blockers: readonly BlockerFragment[],
    trace: readonly string[],
    document: unknown,
    hints: BlockerHints = {},
  ) {
    super(exit, [summary, ...explainBlockers(blockers, hints)], trace, document);
  }

  /** Returns the same failure with completed commands. */
  withHints(hints: BlockerHints): Blocked {
    return new Blocked(this.exit, this.summary, this.blockers, this.trace, this.document, hints);
  }
}

/** Converts an API error to the failure shown to the user. */
export function toFailure(error: ApiError, name: string, requestId: string | null, connection: Connection): Failure {
  const { code, field, blockers = [], oldestCursor } = error.extensions ?? {};
  const id = error.extensions?.requestId ?? requestId;
  const trace = [`operation ${name}`, ...(code ? [`code ${code}`] : []), ...(id ? [`request ${id}`] : [])];
  const message = nameCommands(nameOption(oneLine(error.message), field));
  switch (code) {
    case "UNAUTHENTICATED": {
      const why = connection.token === null ? `Not signed in to ${connection.url}.` : message;
      return new Failure(EXIT.notConnected, [`${why} Sign in with \`railyard login --url URL --token TOKEN\`.`], trace);
    }
    case "UNAVAILABLE":
      return new Failure(EXIT.notConnected, [message], trace);
    case "PROMOTION_BLOCKED": {
      const exit = blockers.some(isGate) ? EXIT.blocked : EXIT.refused;
      return new Blocked(exit, firstSentence(message), blockers, trace, { code, message, blockers });
    }
    case "CURSOR_EXPIRED":
      return new Failure(EXIT.refused, [`${message} Continue with --since ${oldestCursor}.`], trace);
    default:
      return new Failure(EXIT.refused, [message], trace);
  }
}

/** Blockers of the promotion itself: what it names is missing or not ready. */
const NO_GATES: readonly BlockerCode[] = [
  ...(["NO_RELEASE", "RELEASE_NOT_SUCCEEDED", "NO_NEXT_STAGE", "NO_TARGETS", "UP_TO_DATE"] as const),
];

/** Whether the blocker is of a gate, such as a required check or a freeze. */
export function isGate({ code }: Pick<BlockerFragment, "code">): boolean {
  return !NO_GATES.includes(code);
}

export function noResponse(url: string, error: unknown, name: string): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const detail = code === "ABORT_ERR" ? "timeout" : oneLine(message || String(code));
  const reason = code === "ECONNREFUSED" ? "connection refused" : detail;
  const hint = "Start the service with `railyard serve`, or set its address with --url.";
  return new Failure(
    EXIT.notConnected,
    [`Cannot connect to Railyard at ${url}: ${reason}. ${hint}`],
    [`operation ${name}`],
  );
}

function parseResponse(text: string): { data?: unknown; errors?: readonly ApiError[] } | null {
  try {
    const response = JSON.parse(text) as { data?: unknown; errors?: readonly ApiError[] } | null;
    return response !== null && typeof response === "object" && ("data" in response || Array.isArray(response.errors))
      ? response
      : null;
  } catch {
    return null;
  }
}

/** The first sentence of the message. The blockers follow one per line, so the rest would repeat them. */
function firstSentence(message: string): string {
  return /^.*? is refused\./.exec(message)?.[0] ?? message;
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}
