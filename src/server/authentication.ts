import type { Ctx } from "../domain/context.js";
import { Refusal } from "../domain/refusal.js";
import { authenticate } from "../domain/tokens.js";
import { Token, type Viewer } from "../entities/token.js";
import type { Logger } from "./log.js";

/** How exact `lastUsedAt` is, in milliseconds: a token in use costs one write in this time, however busy it is. */
const USE_RESOLUTION = 60_000;

/** Tells whose token a request carries, and keeps note of when each was last used. */
export class Authentication {
  readonly #ctx: Pick<Ctx, "db" | "now">;
  readonly #log: Logger;
  readonly #noted = new Map<string, number>();

  constructor(ctx: Pick<Ctx, "db" | "now">, log: Logger) {
    this.#ctx = ctx;
    this.#log = log;
  }

  /**
   * @param authorization `Bearer <secret>`, from a header or from a socket's `connectionParams.authorization`
   * @throws Refusal UNAUTHENTICATED where there is no token, or none that is valid
   */
  async viewerOf(authorization: unknown): Promise<Viewer> {
    const secret = typeof authorization === "string" ? /^Bearer +(\S{1,512}) *$/i.exec(authorization)?.[1] : undefined;
    if (secret === undefined)
      throw unauthenticated("This needs a token: send it as the header `Authorization: Bearer …`.");
    const now = this.#ctx.now();
    const token = await authenticate(this.#ctx.db.reader, secret, now);
    if (token === null) throw unauthenticated("The token is unknown, revoked or expired.");
    this.#noteUse(token, now);
    return { name: token.name, role: token.role, tokenId: token.id };
  }

  #noteUse(token: Token, now: Date): void {
    const noted = this.#noted.get(token.id) ?? token.lastUsedAt?.getTime() ?? 0;
    if (now.getTime() - noted < USE_RESOLUTION) return;
    this.#noted.set(token.id, now.getTime());
    // Not waited for: whoever signs in has no part in it, and closing the database waits for every write.
    this.#ctx.db
      .write((tx) => tx.update(Token, { id: token.id }, { lastUsedAt: now }))
      .catch((error: unknown) => {
        this.#noted.delete(token.id);
        this.#log.warn({ err: error, token: token.id }, "the use of a token could not be noted");
      });
  }
}

function unauthenticated(message: string): Refusal {
  return new Refusal("UNAUTHENTICATED", message);
}
