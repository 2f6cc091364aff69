import type { Tx } from "../../database/rows/tx.js";
import { Token } from "../../entities/access/token.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import { type Action, isPermitted } from "./actions.js";

/* Whether a credential is still good for what was asked for with it, while that waits. */

export function isValid(token: Token, now: Date): boolean {
  return token.revokedAt === null && (token.expiresAt === null || token.expiresAt > now);
}

/** How a token has ended, as the predicate of a sentence. */
export function describeEnd(how: "revoked" | "expired"): string {
  return how === "revoked" ? "was revoked" : "has expired";
}

/** The credential that something was asked for with, as it is now. */
export interface CredentialState {
  /** Why nothing may be done under it any more, as a sentence; null if it is good. */
  readonly problem: string | null;
  /** When it ends by itself; null if it does not, or has ended. */
  readonly endsAt: Date | null;
}

type Asked = Pick<
  Promotion,
  "askedBy" | "loginExpiresAt" | "createdByName" | "createdByRole" | "pipelineId" | "forced" | "phase"
>;

/**
 * Whether the credential that asked for a promotion may still promote. Of a login, only its end is known. It lets a promotion
 * that has started go on: the promotion was admitted as a whole while the login was good, and logins are shorter than rollouts.
 * A token is locked, so that it is not revoked before the transaction ends.
 */
export async function checkCredential(tx: Tx, asked: Asked, now: Date): Promise<CredentialState> {
  const { askedBy, loginExpiresAt, createdByName } = asked;
  if (loginExpiresAt !== null && asked.phase === "IN_PROGRESS") return { problem: null, endsAt: null };
  if (loginExpiresAt !== null) {
    if (loginExpiresAt <= now) return dead(`The login of ${createdByName}, who asked for it, has expired.`);
    return { problem: null, endsAt: loginExpiresAt };
  }
  if (askedBy === null) return { problem: null, endsAt: null };
  const token = await tx.first(Token, { id: askedBy }, { lock: "share" });
  const what = `The token ${createdByName}, which asked for it,`;
  if (token === null) return dead(`${what} does not exist any more.`);
  if (token.revokedAt !== null) return dead(`${what} was revoked.`);
  if (!isValid(token, now)) return dead(`${what} has expired.`);
  const { id, name, role, person, groups, scope } = token;
  const viewer = { name, role, tokenId: id, subject: id, person, groups, scope };
  const needed: Action[] = asked.forced ? ["promote", "forcePromotion"] : ["promote"];
  if (!needed.every((action) => isPermitted(viewer, action))) return dead(`${what} has lost the role for it.`);
  if (token.scope?.includes(asked.pipelineId) === false) return dead(`${what} has lost the pipeline.`);
  return { problem: null, endsAt: token.expiresAt };
}

function dead(problem: string): CredentialState {
  return { problem, endsAt: null };
}
