import { createHash } from "node:crypto";
import { authenticate, hash, isValid } from "../../domain/access/tokens.js";
import type { Ctx } from "../../domain/core/context.js";
import { Refusal } from "../../domain/core/refusal.js";
import { Token, type Viewer } from "../../entities/access/token.js";
import type { ResponseStore } from "../cache/response-store.js";
import type { Logger } from "../telemetry/log.js";
import { isJwt, type Oidc } from "./oidc.js";

/** How exact `lastUsedAt` is, in milliseconds: a token in use costs one write in this time, however busy it is. */
const LAST_USED_RESOLUTION_MS = 60_000;

/** How many tokens are remembered at most. */
const MAX_CACHED_TOKENS = 1000;

/** A token that was found to be valid, and what `tokenChanges` was before it was read. */
interface CachedToken {
  readonly token: Token;
  readonly at: number;
}

/** Tells whose token a request carries, and keeps note of when each was last used. */
export class Authentication {
  readonly #ctx: Pick<Ctx, "db" | "now">;
  readonly #log: Logger;
  readonly #oidc: Oidc | null;
  readonly #recordedUses = new Map<string, number>();

  /** By the hash of their secrets. */
  readonly #cached = new Map<string, CachedToken>();
  readonly #answers: ResponseStore;

  /** @param oidc whose tokens are taken besides our own; null for nobody's */
  constructor(ctx: Pick<Ctx, "db" | "now">, answers: ResponseStore, log: Logger, oidc: Oidc | null) {
    this.#ctx = ctx;
    this.#answers = answers;
    this.#log = log;
    this.#oidc = oidc;
  }

  /**
   * @param authorization `Bearer <secret>`, from a header or from a socket's `connectionParams.authorization`
   * @throws Refusal UNAUTHENTICATED where there is no token, or none that is valid; of somebody who signed in elsewhere,
   *   FORBIDDEN where they have no role here, and UNAVAILABLE where their issuer cannot be asked
   */
  async viewerOf(authorization: unknown): Promise<Viewer> {
    const secret = bearerToken(authorization);
    if (secret === undefined)
      throw unauthenticated("This needs a token: send it as the header `Authorization: Bearer …`.");
    const now = this.#ctx.now();
    if (this.#oidc !== null && isJwt(secret)) {
      const { name, role, subject, expiresAt } = await this.#oidc.identify(secret, now);
      const tokenId = `oidc:${createHash("sha256").update(subject).digest("base64url")}`;
      return { name, role, tokenId, scope: null, expiresAt };
    }
    const at = this.#answers.tokenChanges;
    const token = await authenticate(this.#ctx.db.reader, secret, now);
    if (token === null) throw unauthenticated("The token is unknown, revoked or expired.");
    if (this.#cached.size >= MAX_CACHED_TOKENS) this.#cached.clear();
    this.#cached.set(token.secretHash, { token, at });
    this.#recordUse(token, now);
    return toViewer(token);
  }

  /** Whether a token can be known to be valid without a look at the database: not where other processes may revoke it. */
  get isCached(): boolean {
    return this.#answers.enabled;
  }

  /**
   * The same without a look at the database: null where the token is not known to be valid at this moment.
   */
  known(authorization: unknown): Viewer | null {
    if (!this.isCached) return null;
    const secret = bearerToken(authorization);
    const found = secret === undefined ? undefined : this.#cached.get(hash(secret));
    const now = this.#ctx.now();
    if (found === undefined || found.at !== this.#answers.tokenChanges || !isValid(found.token, now)) return null;
    this.#recordUse(found.token, now);
    return toViewer(found.token);
  }

  #recordUse(token: Token, now: Date): void {
    const noted = this.#recordedUses.get(token.id) ?? token.lastUsedAt?.getTime() ?? 0;
    if (now.getTime() - noted < LAST_USED_RESOLUTION_MS) return;
    this.#recordedUses.set(token.id, now.getTime());
    // Not waited for: whoever signs in has no part in it, and closing the database waits for every write.
    this.#ctx.db
      .write((tx) => tx.update(Token, { id: token.id }, { lastUsedAt: now }))
      .catch((error: unknown) => {
        this.#recordedUses.delete(token.id);
        this.#log.warn({ err: error, token: token.id }, "the use of a token could not be noted");
      });
  }
}

function bearerToken(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? /^Bearer +(\S{1,8192}) *$/i.exec(authorization)?.[1] : undefined;
}

function toViewer(token: Token): Viewer {
  return { name: token.name, role: token.role, tokenId: token.id, scope: token.scope };
}

function unauthenticated(message: string): Refusal {
  return new Refusal("UNAUTHENTICATED", message);
}
