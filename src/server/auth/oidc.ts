import { errors, type JWTPayload, jwtVerify } from "jose";
import { SYSTEM_VIEWER } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import { Role, type Role as RoleName } from "../../entities/core/enums.js";
import { IssuerKeys } from "./issuer-keys.js";

/** Settings of the external OpenID Connect issuer. */
export interface OidcSettings {
  /** The issuer's URL. Its `/.well-known/openid-configuration` names the URL of its keys. */
  readonly issuer: string;
  /** The value that `aud` must contain. */
  readonly audience: string;
  /** The claim that holds the groups of a user. Dots address nested objects. */
  readonly groupsClaim: string;
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
  /** The verified e-mail address, else the user name, else the subject. */
  readonly person: string;
  /** The values of the groups claim; empty without it. */
  readonly groups: readonly string[];
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
/** Maximum length of a name, in characters. */
const MAX_NAME_LENGTH = 256;
/** Maximum number of groups that are read from a token. */
const MAX_GROUPS = 1000;

/**
 * Verifies the JWTs of one issuer.
 */
export class Oidc {
  readonly #settings: OidcSettings;
  readonly #keys: IssuerKeys;

  constructor(settings: OidcSettings) {
    this.#settings = settings;
    this.#keys = new IssuerKeys(settings.issuer);
  }

  /**
   * Verifies a JWT and returns the identity it holds.
   *
   * @throws Refusal UNAUTHENTICATED if the token is invalid, FORBIDDEN if it maps to no role, UNAVAILABLE if the
   *   issuer's keys cannot be fetched
   */
  async identify(token: string, now: Date): Promise<OidcIdentity> {
    const { issuer, audience } = this.#settings;
    const keys = await this.#keys.at(now).catch((error: unknown) => {
      throw unreachable(error);
    });
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
      if (error instanceof errors.JOSEError) throw invalidToken();
      throw unreachable(error);
    }
    const { sub, exp } = payload;
    if (typeof sub !== "string" || sub === "") throw invalidToken();
    const role = this.#findRole(payload);
    if (role === null) {
      const claim = this.#settings.roleClaim;
      throw new Refusal("FORBIDDEN", `The token's claim ${claim} maps to no role. OIDC_ROLES defines the mapping.`);
    }
    const expiresAt = new Date(((exp ?? 0) + CLOCK_SKEW_SECONDS) * 1000);
    const groups = readValues(payload, this.#settings.groupsClaim).slice(0, MAX_GROUPS);
    const person = findName(payload, sub);
    return { name: person, role, subject: `${this.#settings.issuer} ${sub}`, person, groups, expiresAt };
  }

  #findRole(payload: JWTPayload): RoleName | null {
    const values = readValues(payload, this.#settings.roleClaim);
    const granted = values.map((value) => this.#settings.roles.get(value));
    return Object.values(Role).findLast((role) => granted.includes(role)) ?? null;
  }
}

/** The texts in a claim: a list, or one text with spaces or commas. Other values are ignored. */
function readValues(payload: JWTPayload, path: string): string[] {
  const claim = path.split(".").reduce<unknown>((value, key) => {
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[key] : undefined;
  }, payload);
  const values = typeof claim === "string" ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  return values.filter((value): value is string => typeof value === "string" && value !== "");
}

/**
 * The name that a user is shown by: the e-mail address unless it is unverified, the user name, or the subject. It is
 * one line of printable characters, and never the name of the service itself.
 */
function findName({ email, email_verified: verified, preferred_username: username }: JWTPayload, sub: string): string {
  const name = [verified === false ? null : email, username, sub].map(toPrintable).find((value) => value !== "") ?? "";
  return name === "" || name.toLowerCase() === SYSTEM_VIEWER.name ? `oidc:${toPrintable(sub)}` : name;
}

function toPrintable(value: unknown): string {
  if (typeof value !== "string") return "";
  // Bounded first, so that the replacement is too. Control, format and unassigned characters and lone surrogates are
  // `C`.
  const line = value.slice(0, 4 * MAX_NAME_LENGTH).replace(/[\p{C}\p{Z}]+/gu, " ");
  return Array.from(line.trim()).slice(0, MAX_NAME_LENGTH).join("");
}

function invalidToken(): Refusal {
  return new Refusal("UNAUTHENTICATED", "The token is unknown, revoked or expired.");
}

function unreachable(cause: unknown): Refusal {
  const refusal = new Refusal("UNAVAILABLE", "The token issuer's keys could not be fetched. Try again.");
  refusal.cause = cause;
  return refusal;
}
