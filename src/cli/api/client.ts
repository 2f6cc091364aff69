import type { Connection } from "../auth/connection.js";
import { EXIT, Failure } from "../exit.js";
import { explainBlockers } from "../output/blockers.js";
import { postJson } from "./http.js";
import type { Blocker } from "./model.js";

/** How long an answer is waited for, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 60_000;

/** A document, its operation's name, and what it answers when it is given such variables. */
export interface Operation<Result, Variables> {
  readonly name: string;
  readonly document: string;
  /** Never set: it carries the types. */
  readonly types?: (variables: Variables) => Result;
}

/** Names the types of a document that holds one named operation. */
export function operation<Result, Variables = Record<string, never>>(document: string): Operation<Result, Variables> {
  const name = /^\s*(?:query|mutation|subscription)\s+(\w+)/.exec(document)?.[1];
  if (name === undefined) throw new Error("A document must begin with the name of its operation.");
  return { name, document };
}

/** An error as the API tells it. */
export interface ApiError {
  readonly message: string;
  readonly extensions?: {
    readonly code?: string;
    readonly blockers?: readonly Blocker[];
    readonly oldestCursor?: string;
    readonly requestId?: string;
  };
}

/** Speaks to the API of one service. */
export class Api {
  /** What `--verbose` says of the last answer, for a failure that the answer was not an error of. */
  lastAnswer: readonly string[] = [];

  constructor(readonly connection: Connection) {}

  /**
   * Runs an operation.
   *
   * @throws Failure with the exit code that the refusal has, or where no service answers
   */
  async run<Result, Variables>(
    { name, document }: Operation<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const { url, token } = this.connection;
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ query: document, operationName: name, variables });
    const { status, requestId, text } = await postJson(
      new URL(`${url}/graphql`),
      headers,
      body,
      RESPONSE_TIMEOUT_MS,
    ).catch((error: unknown) => {
      throw noResponse(url, error, name);
    });
    const answer = parseResponse(text);
    if (answer === null) {
      const message = `What answers at ${url} (status ${status}) is not Railyard; --url says where it is.`;
      throw new Failure(EXIT.notConnected, [message], [`operation ${name}`]);
    }
    const [error] = answer.errors ?? [];
    if (error !== undefined) throw refusal(error, name, requestId, this.connection);
    this.lastAnswer = [`operation ${name}`, ...(requestId === null ? [] : [`request ${requestId}`])];
    return answer.data as Result;
  }
}

/** What the user is told of an error of the API. */
export function refusal(error: ApiError, name: string, requestId: string | null, connection: Connection): Failure {
  const { code, blockers = [], oldestCursor } = error.extensions ?? {};
  const id = error.extensions?.requestId ?? requestId;
  const trace = [`operation ${name}`, ...(code ? [`code ${code}`] : []), ...(id ? [`request ${id}`] : [])];
  const message = oneLine(error.message);
  switch (code) {
    case "UNAUTHENTICATED": {
      const why = connection.token === null ? `Not signed in at ${connection.url}.` : message;
      return new Failure(EXIT.notConnected, [`${why} Sign in with \`railyard login --url URL --token TOKEN\`.`], trace);
    }
    case "UNAVAILABLE":
      return new Failure(EXIT.notConnected, [message], trace);
    case "PROMOTION_BLOCKED": {
      const exit = blockers.some(isCheck) ? EXIT.blocked : EXIT.refused;
      return new Failure(exit, [firstSentence(message), ...explainBlockers(blockers)], trace);
    }
    case "CURSOR_EXPIRED":
      return new Failure(EXIT.refused, [`${message} Go on from there with --since ${oldestCursor}.`], trace);
    default:
      return new Failure(EXIT.refused, [message], trace);
  }
}

/** Whether a reason is a check that has not passed. */
export function isCheck(blocker: Pick<Blocker, "code">): boolean {
  return blocker.code.startsWith("CHECK_");
}

export function noResponse(url: string, error: unknown, name: string): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const overdue = code === "ABORT_ERR" ? "it took too long" : oneLine(message || String(code));
  const why = code === "ECONNREFUSED" ? "nothing listens there" : overdue;
  const hint = "Start one with `railyard serve`, or say where it is with --url.";
  return new Failure(EXIT.notConnected, [`No Railyard answers at ${url}: ${why}. ${hint}`], [`operation ${name}`]);
}

function parseResponse(text: string): { data?: unknown; errors?: readonly ApiError[] } | null {
  try {
    const answer = JSON.parse(text) as { data?: unknown; errors?: readonly ApiError[] } | null;
    return answer !== null && typeof answer === "object" && ("data" in answer || Array.isArray(answer.errors))
      ? answer
      : null;
  } catch {
    return null;
  }
}

/** The reasons follow one by one, so the sentence that sums them up is enough. */
function firstSentence(message: string): string {
  return /^.*? is refused\./.exec(message)?.[0] ?? message;
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ");
}
