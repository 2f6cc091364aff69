import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { isValid } from "../../domain/access/credentials.js";
import { authenticate, hash } from "../../domain/access/tokens.js";
import type { Ctx } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import { Token, type Viewer } from "../../entities/access/token.js";
import type { LogChanges } from "../../events/log-changes.js";
import type { Logger } from "../telemetry/log.js";
import { isJwt, type Oidc } from "./oidc.js";

/**
 * Resolution of `lastUsedAt`, in milliseconds. A token costs at most one write per interval, however often it is used.
 */
const LAST_USED_RESOLUTION_MS = 60_000;

/** Maximum number of tokens in each cache. The least recently used is evicted. */
const MAX_CACHED_TOKENS = 1000;

interface CachedToken {
  readonly token: Token;
  readonly viewer: Viewer;
}

/**
 * Authenticates requests and records when each token was last used. Valid tokens are cached until a token is created or
 * revoked.
 */
export class Authentication {
  readonly #ctx: Pick<Ctx, "db" | "now">;
  readonly #log: Logger;
  readonly #oidc: Oidc | null;
  /** Time of the last recorded use, by the id of the token. */
  readonly #recordedUses = new LRUCache<string, number>({ max: MAX_CACHED_TOKENS });
  /** Keyed by the hash of the secret. */
  readonly #cached = new LRUCache<string, CachedToken>({ max: MAX_CACHED_TOKENS });
  /** Incremented by every commit that created or revoked a token. */
  #tokenChanges = 0;

  /** @param oidc verifies JWTs of an external issuer; null if none is configured */
  constructor(ctx: Pick<Ctx, "db" | "now">, changes: LogChanges, log: Logger, oidc: Oidc | null) {
    this.#ctx = ctx;
    this.#log = log;
    this.#oidc = oidc;
    const forget = () => {
      this.#tokenChanges += 1;
      this.#cached.clear();
    };
    changes.add({
      reset: forget,
      changed: (events) => {
        if (events.some(({ type }) => type.startsWith("TOKEN_"))) forget();
      },
    });
  }

  /**
   * Identifies the viewer of a request.
   *
   * @param authorization `Bearer <secret>`, from the header or from `connectionParams.authorization` of a WebSocket
   * @throws Refusal UNAUTHENTICATED if the token is missing or invalid. For a JWT also FORBIDDEN if it maps to no role,
   *   and UNAVAILABLE if the issuer's keys cannot be fetched.
   */
  async authenticate(authorization: unknown): Promise<Viewer> {
    const secret = bearerToken(authorization);
    if (secret === undefined)
      throw unauthenticated("Authentication required: send the header `Authorization: Bearer <token>`.");
    const now = this.#ctx.now();
    if (this.#oidc !== null && isJwt(secret)) {
      const { name, role, subject, person, groups, expiresAt } = await this.#oidc.identify(secret, now);
      const tokenId = `oidc:${createHash("sha256").update(subject).digest("base64url")}`;
      return { name, role, tokenId, subject, person, groups, scope: null, expiresAt };
    }
    const tokenChanges = this.#tokenChanges;
    const token = await authenticate(this.#ctx.db.reader, secret, now);
    if (token === null) throw unauthenticated("The token is unknown, revoked or expired.");
    // A token that changed while it was read may have been revoked.
    const viewer = toViewer(token);
    if (tokenChanges === this.#tokenChanges) this.#cached.set(token.secretHash, { token, viewer });
    this.#recordUse(token, now);
    return viewer;
  }

  /**
   * Identifies the viewer from the cache, without a database query. Null if the token is not cached or no longer valid.
   * On PostgreSQL, call `LogChanges.catchUp` before: another instance may have revoked it.
   */
  authenticateCached(authorization: unknown): Viewer | null {
    const secret = bearerToken(authorization);
    const known = secret === undefined ? undefined : this.#cached.get(hash(secret));
    const now = this.#ctx.now();
    if (known === undefined || !isValid(known.token, now)) return null;
    this.#recordUse(known.token, now);
    return known.viewer;
  }

  #recordUse(token: Token, now: Date): void {
    const lastRecorded = this.#recordedUses.get(token.id) ?? token.lastUsedAt?.getTime() ?? 0;
    if (now.getTime() - lastRecorded < LAST_USED_RESOLUTION_MS) return;
    this.#recordedUses.set(token.id, now.getTime());
    // Not awaited: the request does not depend on it, and closing the database waits for pending writes.
    this.#ctx.db
      .write((tx) => tx.update(Token, { id: token.id }, { lastUsedAt: now }))
      .catch((error: unknown) => {
        this.#recordedUses.delete(token.id);
        this.#log.warn({ err: error, token: token.id }, "lastUsedAt of a token could not be updated");
      });
  }
}

function bearerToken(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? /^Bearer +(\S{1,8192}) *$/i.exec(authorization)?.[1] : undefined;
}

function toViewer({ id, name, role, scope, readConfig, person, groups }: Token): Viewer {
  return { name, role, tokenId: id, subject: id, person, groups, scope, readConfig };
}

function unauthenticated(message: string): Refusal {
  return new Refusal("UNAUTHENTICATED", message);
}
