import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { z } from "zod";
import { Refusal } from "../../domain/core/refusal.js";
import { Role, type Role as RoleName } from "../../entities/core/enums.js";

/** Settings of the external OpenID Connect issuer. */
export interface OidcSettings {
  /** The issuer's URL. Its `/.well-known/openid-configuration` names the URL of its keys. */
  readonly issuer: string;
  /** The value that `aud` must contain. */
  readonly audience: string;
  /** The claim that holds roles or groups. Dots address nested objects, as in `realm_access.roles`. */
  readonly roleClaim: string;
  /** Maps values of the claim to roles. If several match, the highest role applies. */
  readonly roles: ReadonlyMap<string, RoleName>;
}

/** A user authenticated by the external issuer. */
export interface OidcIdentity {
  readonly name: string;
  readonly role: RoleName;
  /** The issuer and the `sub` claim: the same in every token of a user. */
  readonly subject: string;
  /** When the token is rejected: `exp` plus the allowed clock skew. */
  readonly expiresAt: Date;
}

/** Whether a secret has the form of a JWT. Railyard's own tokens never do. */
export function isJwt(secret: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(secret);
}

/** Asymmetric algorithms only: with a shared secret, a verifier could also sign. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** Allowed difference between clocks, in seconds. */
const CLOCK_SKEW_SECONDS = 30;
/** Timeout of requests to the issuer, in milliseconds. */
const TIMEOUT_MS = 5000;
/**
 * Minimum time between fetches of the keys, in milliseconds. It limits the load that forged tokens put on the issuer.
 */
const COOLDOWN_MS = 1000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Verifies the JWTs of one issuer. Fetches its keys on first use, caches them, and fetches them again for an unknown
 * key id.
 */
export class Oidc {
  readonly #settings: OidcSettings;
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | null = null;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
  }

  /**
   * Verifies a JWT and returns the identity it holds.
   *
   * @throws Refusal UNAUTHENTICATED if the token is invalid, FORBIDDEN if it maps to no role, UNAVAILABLE if the
   *   issuer's keys cannot be fetched
   */
  async identify(token: string, now: Date): Promise<OidcIdentity> {
    const { issuer, audience } = this.#settings;
    const keys = await this.#issuerKeys();
    let payload: JWTPayload;
    try {
      const options = {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_SKEW_SECONDS,
        requiredClaims: ["exp", "sub"],
        currentDate: now,
      };
      ({ payload } = await jwtVerify(token, keys, options));
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw unreachable(error);
      throw new Refusal("UNAUTHENTICATED", "The token is unknown, revoked or expired.");
    }
    const role = this.#findRole(payload);
    if (role === null) {
      const claim = this.#settings.roleClaim;
      throw new Refusal("FORBIDDEN", `The token's claim ${claim} maps to no role. OIDC_ROLES defines the mapping.`);
    }
    const { sub, email, preferred_username: username, exp } = payload;
    const name = [email, username, sub].find((value): value is string => typeof value === "string" && value !== "");
    const expiresAt = new Date(((exp ?? 0) + CLOCK_SKEW_SECONDS) * 1000);
    return { name: name ?? "", role, subject: `${this.#settings.issuer} ${sub}`, expiresAt };
  }

  #findRole(payload: JWTPayload): RoleName | null {
    const claim = this.#settings.roleClaim.split(".").reduce<unknown>((value, key) => {
      return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
    }, payload);
    const values = typeof claim === "string" ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim.map(String) : [];
    const granted = values.map((value) => this.#settings.roles.get(value));
    return Object.values(Role).findLast((role) => granted.includes(role)) ?? null;
  }

  async #issuerKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    this.#keys ??= this.#discover();
    try {
      return await this.#keys;
    } catch (error) {
      // The next request tries again.
      this.#keys = null;
      throw unreachable(error);
    }
  }

  async #discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const address = `${this.#settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    if (!response.ok) throw new Error(`${address} responded with status ${response.status}.`);
    const { issuer, jwks_uri } = discovery.parse(await response.json());
    if (issuer !== this.#settings.issuer) throw new Error(`${address} names a different issuer: ${issuer}.`);
    return createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: TIMEOUT_MS, cooldownDuration: COOLDOWN_MS });
  }
}

function unreachable(cause: unknown): Refusal {
  const refusal = new Refusal("UNAVAILABLE", "The token issuer's keys could not be fetched. Try again.");
  refusal.cause = cause;
  return refusal;
}
