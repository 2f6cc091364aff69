import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { z } from "zod";
import { Refusal } from "../../domain/core/refusal.js";
import { Role, type Role as RoleName } from "../../entities/core/enums.js";

/** Where tokens of others come from, and what they may do here. */
export interface OidcSettings {
  /** The issuer's address; its `/.well-known/openid-configuration` tells where its keys are. */
  readonly issuer: string;
  /** What `aud` must hold. */
  readonly audience: string;
  /** The claim that tells roles or groups; dots lead into objects, as `realm_access.roles`. */
  readonly roleClaim: string;
  /** Which values of the claim stand for which role. Whoever has several gets the greatest. */
  readonly roles: ReadonlyMap<string, RoleName>;
}

/** Somebody who signed in elsewhere. */
export interface OidcIdentity {
  readonly name: string;
  readonly role: RoleName;
  /** The issuer and its name for them, the same in each of their tokens. */
  readonly subject: string;
  /** From when on the token is refused: a difference of clocks after it says so itself. */
  readonly expiresAt: Date;
}

/** Whether a secret has the form of a JWT, which none of our own has. */
export function isJwt(secret: string): boolean {
  return /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(secret);
}

/** Only signatures whose key can be public: a secret that both sides share would let a verifier sign. */
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
/** How far clocks may differ, in seconds. */
const CLOCK_SKEW_SECONDS = 30;
/** How long a question to the issuer may take, in milliseconds. */
const TIMEOUT_MS = 5000;
/** How soon its keys are fetched again for one not seen yet, in milliseconds: tokens made up cost the issuer no more. */
const COOLDOWN_MS = 1000;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Verifies the JWTs of one issuer. Its keys are fetched at the first use, kept, and fetched again for a key not seen yet. */
export class Oidc {
  readonly #settings: OidcSettings;
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | null = null;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
  }

  /**
   * Who a JWT tells of.
   *
   * @throws Refusal UNAUTHENTICATED where it is not valid here, FORBIDDEN where it gives no role, UNAVAILABLE where the
   *   issuer cannot be asked for its keys
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
    const role = this.#roleOf(payload);
    if (role === null) {
      const claim = this.#settings.roleClaim;
      throw new Refusal(
        "FORBIDDEN",
        `The token's claim ${claim} gives no role here; OIDC_ROLES maps its values to roles.`,
      );
    }
    const { sub, email, preferred_username: username, exp } = payload;
    const name = [email, username, sub].find((one): one is string => typeof one === "string" && one !== "");
    const expiresAt = new Date(((exp ?? 0) + CLOCK_SKEW_SECONDS) * 1000);
    return { name: name ?? "", role, subject: `${this.#settings.issuer} ${sub}`, expiresAt };
  }

  #roleOf(payload: JWTPayload): RoleName | null {
    const claim = this.#settings.roleClaim.split(".").reduce<unknown>((value, key) => {
      return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
    }, payload);
    const values = typeof claim === "string" ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim.map(String) : [];
    const given = values.map((value) => this.#settings.roles.get(value));
    return Object.values(Role).findLast((role) => given.includes(role)) ?? null;
  }

  async #issuerKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    this.#keys ??= this.#discover();
    try {
      return await this.#keys;
    } catch (error) {
      // The next request asks again.
      this.#keys = null;
      throw unreachable(error);
    }
  }

  async #discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const address = `${this.#settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    if (!response.ok) throw new Error(`${address} answered ${response.status}.`);
    const { issuer, jwks_uri } = discovery.parse(await response.json());
    if (issuer !== this.#settings.issuer) throw new Error(`${address} tells of another issuer.`);
    return createRemoteJWKSet(new URL(jwks_uri), { timeoutDuration: TIMEOUT_MS, cooldownDuration: COOLDOWN_MS });
  }
}

function unreachable(cause: unknown): Refusal {
  const refusal = new Refusal("UNAVAILABLE", "The issuer of the token cannot be asked for its keys. Try again.");
  refusal.cause = cause;
  return refusal;
}
