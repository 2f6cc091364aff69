/** Timeout of a request to GitHub, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** Pause after a rate limit without a stated duration, in milliseconds. GitHub's documentation asks for one minute. */
const DEFAULT_RATE_LIMIT_PAUSE_MS = 60_000;
const API_VERSION = "2022-11-28";

/** GitHub's rate limit was exceeded; `until` is when to retry. */
export class RateLimited extends Error {
  override readonly name = "RateLimited";

  constructor(readonly until: Date) {
    super(`GitHub's rate limit was exceeded; retry after ${until.toISOString()}.`);
  }
}

/** GitHub rejected the request and a retry cannot succeed: the commit does not exist or the request is invalid. */
export class PermanentFailure extends Error {
  override readonly name = "PermanentFailure";
}

/**
 * GitHub refused the request. A retry may succeed after an operator changes something, such as the token's permissions.
 */
export class Forbidden extends Error {
  override readonly name = "Forbidden";
}

/** No complete response arrived, or the server failed. The request may or may not have taken effect. */
export class NoResponse extends Error {
  override readonly name = "NoResponse";
}

/** Whether the error proves that GitHub rejected the request, so that it had no effect. */
export function provesNoEffect(error: unknown): boolean {
  return error instanceof RateLimited || error instanceof PermanentFailure || error instanceof Forbidden;
}

/** A client for the needed part of GitHub's REST API: https://docs.github.com/rest */
export class GithubApi {
  readonly #url: string;
  readonly #token: string;
  readonly #now: () => Date;
  readonly #fetch: typeof fetch;

  /**
   * @param url without a trailing slash, for example `https://api.github.com` or `https://github.example.com/api/v3`
   */
  constructor(url: string, token: string, now: () => Date, send: typeof fetch = fetch) {
    this.#url = url;
    this.#token = token;
    this.#now = now;
    this.#fetch = send;
  }

  /** The host name in the repositories that this API serves. */
  get host(): string {
    const { host, pathname } = new URL(this.#url);
    // On Enterprise Server the API is a path of the host. Any other URL is api.github.com or a proxy for it.
    return pathname.startsWith("/api/v3") ? host : "github.com";
  }

  /**
   * Sends a request and returns the parsed JSON of the response.
   *
   * @param signal aborts the request
   * @throws RateLimited, PermanentFailure, Forbidden or NoResponse
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
      throw new NoResponse(`No response from GitHub: ${(cause as Error | undefined)?.message ?? message}`);
    }
    if (response.ok) return parse(text);
    throw this.#refusal(response, text);
  }

  #refusal({ status, headers }: Response, text: string): Error {
    const message = (parse(text) as { message?: unknown } | null)?.message;
    const description = `GitHub responded with ${status}${typeof message === "string" ? `: ${message.slice(0, 300)}` : ""}`;
    const limited = status === 429 || (status === 403 && isRateLimit(headers, String(message)));
    if (limited) return new RateLimited(this.#limitedUntil(headers));
    if (status === 400 || status === 410 || status === 422) return new PermanentFailure(description);
    if (status >= 500) return new NoResponse(description);
    return new Forbidden(description);
  }

  /** `Retry-After` is a number of seconds, `X-RateLimit-Reset` a Unix time in seconds. The later one applies. */
  #limitedUntil(headers: Headers): Date {
    const now = this.#now().getTime();
    const after = headerSeconds(headers, "retry-after");
    const reset = headers.get("x-ratelimit-remaining") === "0" ? headerSeconds(headers, "x-ratelimit-reset") : null;
    const times = [after === null ? null : now + after * 1000, reset === null ? null : reset * 1000];
    const until = Math.max(...times.filter((time) => time !== null));
    return new Date(until > now ? until : now + DEFAULT_RATE_LIMIT_PAUSE_MS);
  }
}

/** GitHub responds with 403 both for missing permissions and for rate limits. */
function isRateLimit(headers: Headers, message: string): boolean {
  return headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0" || /rate limit/i.test(message);
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
