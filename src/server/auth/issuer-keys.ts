import { createRemoteJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters, type RemoteJWKSet } from "jose";
import { z } from "zod";

/** Timeout of requests to the issuer, in milliseconds. */
const TIMEOUT_MS = 5000;
/**
 * Minimum time between fetches of the keys because of an unknown key id, in milliseconds. It limits the load that
 * forged tokens put on the issuer.
 */
const COOLDOWN_MS = 1000;
/** Age after which keys are fetched again, in milliseconds, so that a removed key is noticed. */
const REFRESH_AFTER_MS = 10 * 60_000;
/** Time between attempts to fetch them while the issuer cannot be reached, in milliseconds. */
const RETRY_AFTER_MS = 30_000;
/** Age up to which keys are used while the issuer cannot be reached, in milliseconds: 24 hours. */
const MAX_AGE_MS = 24 * 60 * 60_000;

const DISCOVERY = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** The issuer cannot be reached, and the key is not known. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** jose reports a response with a status other than 200 as its generic error. */
function isFetchError(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) return true;
  return error.code === errors.JOSEError.code;
}

interface Fetched {
  readonly keys: RemoteJWKSet;
  fetchedAt: number;
  /** When the keys may be refreshed again after a failure. */
  retryAt: number;
}

/**
 * The keys of an issuer. Fetches them on first use, for an unknown key id, and every 10 minutes. While the issuer
 * cannot be reached, the last known keys are used for 24 hours.
 */
export class IssuerKeys {
  readonly #issuer: string;
  #fetched: Promise<Fetched> | null = null;

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  /**
   * Returns a function that finds the key for a token.
   *
   * @throws KeysUnavailable, or the error of the request, if the issuer cannot be reached and the known keys are too
   *   old, or none are known
   */
  async at(now: Date): Promise<(header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>> {
    this.#fetched ??= this.#discover(now);
    let fetched: Fetched;
    try {
      fetched = await this.#fetched;
    } catch (error) {
      // The next request tries again.
      this.#fetched = null;
      throw error;
    }
    await refresh(fetched, now.getTime());
    return async (header, token) => {
      try {
        return await fetched.keys(header, token);
      } catch (error) {
        // While a refresh has failed, an unknown key may be a new one.
        const isUnknownNow = error instanceof errors.JWKSNoMatchingKey && fetched.retryAt > now.getTime();
        if (isUnknownNow || isFetchError(error))
          throw new KeysUnavailable("The keys could not be fetched.", { cause: error });
        throw error;
      }
    };
  }

  async #discover(now: Date): Promise<Fetched> {
    const address = `${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    if (!response.ok) throw new KeysUnavailable(`${address} responded with status ${response.status}.`);
    const { issuer, jwks_uri } = DISCOVERY.parse(await response.json());
    if (issuer !== this.#issuer) throw new KeysUnavailable(`${address} names a different issuer: ${issuer}.`);
    const options = {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: Number.POSITIVE_INFINITY,
    };
    const keys = createRemoteJWKSet(new URL(jwks_uri), options);
    await keys.reload();
    return { keys, fetchedAt: now.getTime(), retryAt: 0 };
  }
}

async function refresh(fetched: Fetched, now: number): Promise<void> {
  const age = now - fetched.fetchedAt;
  if (age < REFRESH_AFTER_MS || now < fetched.retryAt) return requireUsable(age);
  // Set before the attempt, so that other requests do not wait for an issuer that does not respond.
  fetched.retryAt = now + RETRY_AFTER_MS;
  try {
    await fetched.keys.reload();
    fetched.fetchedAt = now;
    fetched.retryAt = 0;
  } catch {
    requireUsable(age);
  }
}

function requireUsable(age: number): void {
  if (age >= MAX_AGE_MS)
    throw new KeysUnavailable("The issuer's keys are older than 24 hours and cannot be fetched again.");
}
