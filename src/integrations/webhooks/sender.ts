import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Agent, buildConnector, type Dispatcher, request } from "undici";
import { LIMITS, parseUrl } from "../../domain/core/input.js";
import { badInput } from "../../domain/core/refusal.js";
import type { Attempt, WebhookRequest, WebhookSender } from "../../domain/webhooks/sender.js";
import { type Network, parseNetwork, refuseAddress } from "./addresses.js";
import { explainError, explainStatus, parseRetryAfter, RefusedAddress, readStart } from "./response.js";

/** Timeout of a request including its response, in milliseconds. */
const TIMEOUT_MS = 15_000;
/** Timeout of a connection attempt to one address of a host, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Time that requests in progress have at shutdown, in milliseconds. */
const STOP_GRACE_MS = 2_000;

/** The addresses of a host. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

export interface SenderOptions {
  /** Networks that may be called although they are not public, in CIDR notation. */
  readonly networks: readonly string[];
  /** Whether `http:` is allowed. */
  readonly allowHttp: boolean;
  /** @default the resolver of the operating system */
  readonly resolveHost?: ResolveHost;
}

/**
 * Sends requests to URLs that users chose, from inside the network. Prevents server-side request forgery: the host is
 * resolved for every connection, each of its addresses is checked, and the connection goes to a checked address, so DNS
 * rebinding has no effect. Redirects are not followed.
 */
export class HttpSender implements WebhookSender {
  readonly #networks: readonly Network[];
  readonly #allowHttp: boolean;
  readonly #resolveHost: ResolveHost;
  readonly #agent: Agent;
  readonly #connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  readonly #underWay = new Map<AbortController, Promise<unknown>>();
  #stopping = false;

  constructor({ networks, allowHttp, resolveHost = resolveBySystem }: SenderOptions) {
    this.#networks = networks.map((text) => parseNetwork(text)).filter((network) => network !== null);
    this.#allowHttp = allowHttp;
    this.#resolveHost = resolveHost;
    this.#agent = new Agent({
      connect: (options, callback) => {
        this.#open(options).then(
          (socket) => callback(null, socket),
          (error) => callback(error as Error, null),
        );
      },
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
  }

  checkUrl(field: string, value: string): string {
    const url = new URL(parseUrl(field, value));
    if (url.protocol !== "https:" && !this.#allowHttp)
      throw badInput(field, `${field} must begin with https://. The setting WEBHOOK_ALLOW_HTTP=true allows http://.`);
    if (url.username !== "" || url.password !== "")
      throw badInput(field, `${field} must not contain a user or a password.`);
    if (url.hash !== "") throw badInput(field, `${field} must not contain a fragment (#).`);
    const host = getHost(url);
    const problem =
      isIP(host) === 0
        ? /(^|\.)localhost\.?$/.test(host)
          ? refuseAddress("127.0.0.1", this.#networks)
          : null
        : refuseAddress(host, this.#networks);
    if (problem !== null)
      throw badInput(
        field,
        `${field} must name a public host: ${problem}. The setting WEBHOOK_NETWORKS allows networks.`,
      );
    if (url.href.length > LIMITS.url) throw badInput(field, `${field} must be at most ${LIMITS.url} characters.`);
    return url.href;
  }

  async send(message: WebhookRequest): Promise<Attempt | null> {
    if (this.#stopping) return null;
    // The setting may have changed since the webhook was created.
    if (!this.#allowHttp && !message.url.startsWith("https:")) {
      const problem = "The URL begins with http://, which WEBHOOK_ALLOW_HTTP does not allow.";
      return { duration: 0, ...NO_RESPONSE, problem };
    }
    const abort = new AbortController();
    const sending = this.#send(message, abort);
    this.#underWay.set(abort, sending);
    try {
      return await sending;
    } finally {
      this.#underWay.delete(abort);
    }
  }

  /** Waits briefly for the requests in progress, then aborts them. */
  async close(): Promise<void> {
    this.#stopping = true;
    const timer = setTimeout(() => {
      for (const abort of this.#underWay.keys()) abort.abort();
    }, STOP_GRACE_MS);
    await Promise.allSettled(this.#underWay.values());
    clearTimeout(timer);
    await this.#agent.destroy();
  }

  async #send({ url, headers, body }: WebhookRequest, abort: AbortController): Promise<Attempt | null> {
    const start = performance.now();
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      abort.abort();
    }, TIMEOUT_MS);
    try {
      const response = await withAbort(
        request(url, {
          dispatcher: this.#agent,
          method: "POST",
          headers: { ...headers },
          body,
          signal: abort.signal,
        }),
        abort.signal,
      );
      const responseStart = await readStart(response.body);
      const { statusCode } = response;
      const retryAfter = parseRetryAfter(response.headers["retry-after"], Date.now());
      return { duration: elapsed(start), statusCode, responseStart, problem: explainStatus(statusCode), retryAfter };
    } catch (error) {
      if (abort.signal.aborted && !timedOut) return null;
      const problem = timedOut
        ? `The receiver did not answer within ${TIMEOUT_MS / 1000} seconds.`
        : explainError(error);
      return { duration: elapsed(start), ...NO_RESPONSE, problem };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Connects to an address of the host. Every one must be allowed; they are tried in the resolver's order. */
  async #open(options: buildConnector.Options): Promise<Socket> {
    const host = options.hostname.replace(/^\[|\]$/g, "");
    const addresses = isIP(host) === 0 ? await this.#resolveHost(host) : [host];
    for (const address of addresses) {
      const problem = refuseAddress(address, this.#networks);
      if (problem !== null) throw new RefusedAddress(`The host may not be called: ${problem}.`);
    }
    let failure: unknown = new RefusedAddress("The host has no address.");
    for (const address of addresses) {
      try {
        return await this.#connectTo(address, host, options);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #connectTo(address: string, host: string, options: buildConnector.Options): Promise<Socket> {
    // The certificate is checked against the name, not against the address.
    const servername = options.servername ?? (isIP(host) === 0 ? host : undefined);
    return new Promise((resolve, reject) => {
      this.#connect(
        { ...options, hostname: address, ...(servername !== undefined && { servername }) },
        (error, socket) => {
          if (error) reject(error);
          else resolve(socket as Socket);
        },
      );
    });
  }
}

const NO_RESPONSE = { statusCode: null, responseStart: null, retryAfter: null };

function elapsed(start: number): number {
  return Math.round(performance.now() - start);
}

type Socket = NonNullable<Parameters<buildConnector.Callback>[1]>;

/** Fails when the signal is aborted: undici ignores the signal until a connection is open. */
async function withAbort(
  sending: Promise<Dispatcher.ResponseData>,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("The request was aborted.")), { once: true });
  });
  sending.catch(() => undefined);
  return Promise.race([sending, aborted]);
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

function getHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
