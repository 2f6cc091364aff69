/** How long GitHub may take to answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** How long to wait where GitHub says "too many" and not for how long, in milliseconds: what its documentation asks for. */
const DEFAULT_RATE_LIMIT_PAUSE_MS = 60_000;
const API_VERSION = "2022-11-28";

/** GitHub wants no further request before a time. */
export class RateLimited extends Error {
  override readonly name = "RateLimited";

  constructor(readonly until: Date) {
    super(`GitHub's rate limit was reached; it wants no request before ${until.toISOString()}.`);
  }
}

/** GitHub answered, and will never answer otherwise: the commit is not there, or the request is not to its liking. */
export class PermanentFailure extends Error {
  override readonly name = "Impossible";
}

/** GitHub answered that it will not, which its operator or ours may change: a token without rights, a fault of its own. */
export class Forbidden extends Error {
  override readonly name = "Denied";
}

/** Nothing came back, or not all of it: whether the request had its effect is not known. */
export class NoResponse extends Error {
  override readonly name = "Unanswered";
}

/** Whether GitHub answered that it has not done what it was asked. */
export function isPermanent(error: unknown): boolean {
  return error instanceof RateLimited || error instanceof PermanentFailure || error instanceof Forbidden;
}

/** GitHub's REST API, as much of it as is needed: https://docs.github.com/rest */
export class GithubApi {
  readonly #url: string;
  readonly #token: string;
  readonly #now: () => Date;
  readonly #fetch: typeof fetch;

  /** @param url without a slash at its end, for example `https://api.github.com` or `https://github.example.com/api/v3` */
  constructor(url: string, token: string, now: () => Date, send: typeof fetch = fetch) {
    this.#url = url;
    this.#token = token;
    this.#now = now;
    this.#fetch = send;
  }

  /** The host whose codebases it knows, as codebases are kept here. */
  get host(): string {
    const { host, pathname } = new URL(this.#url);
    // On Enterprise Server the API is a folder of the host; anything else stands before, or in for, api.github.com.
    return pathname.startsWith("/api/v3") ? host : "github.com";
  }

  /**
   * Sends one request and gives back the JSON of its answer.
   *
   * @param signal ends the request early
   * @throws RateLimited, Impossible, Denied or Unanswered
   */
  async request(method: "GET" | "POST", path: string, body: object | null, signal: AbortSignal): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(`${this.#url}${path}`, {
        method,
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${this.#token}`,
          "user-agent": "railyard",
          "x-github-api-version": API_VERSION,
          ...(body !== null && { "content-type": "application/json" }),
        },
        ...(body !== null && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      text = await response.text();
    } catch (error) {
      const { message, cause } = error as Error;
      throw new NoResponse(`GitHub did not answer: ${(cause as Error | undefined)?.message ?? message}`);
    }
    if (response.ok) return parse(text);
    throw this.#refusal(response, text);
  }

  #refusal({ status, headers }: Response, text: string): Error {
    const said = (parse(text) as { message?: unknown } | null)?.message;
    const words = `GitHub answered ${status}${typeof said === "string" ? `: ${said.slice(0, 300)}` : ""}`;
    const limited = status === 429 || (status === 403 && isRateLimit(headers, String(said)));
    if (limited) return new RateLimited(this.#limitedUntil(headers));
    if (status === 400 || status === 410 || status === 422) return new PermanentFailure(words);
    if (status >= 500) return new NoResponse(words);
    return new Forbidden(words);
  }

  /** `Retry-After` counts seconds, `X-RateLimit-Reset` is a time in seconds since 1970; the later of the two holds. */
  #limitedUntil(headers: Headers): Date {
    const now = this.#now().getTime();
    const after = headerSeconds(headers, "retry-after");
    const reset = headers.get("x-ratelimit-remaining") === "0" ? headerSeconds(headers, "x-ratelimit-reset") : null;
    const times = [after === null ? null : now + after * 1000, reset === null ? null : reset * 1000];
    const until = Math.max(...times.filter((time) => time !== null));
    return new Date(until > now ? until : now + DEFAULT_RATE_LIMIT_PAUSE_MS);
  }
}

/** GitHub answers 403 to tokens without rights and to those that ask too much alike. */
function isRateLimit(headers: Headers, said: string): boolean {
  return headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0" || /rate limit/i.test(said);
}

function headerSeconds(headers: Headers, name: string): number | null {
  const value = headers.get(name);
  return value !== null && /^\d{1,12}$/.test(value) ? Number(value) : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
