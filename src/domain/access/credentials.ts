import type { Tx } from "../../database/rows/tx.js";
import { Token } from "../../entities/access/token.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import { type Action, isPermitted } from "./actions.js";

/* Checks whether the credential that requested a promotion is still valid while the promotion waits. */

export function isValid(token: Token, now: Date): boolean {
  return token.revokedAt === null && (token.expiresAt === null || token.expiresAt > now);
}

/** How a token has ended, as the predicate of a sentence. */
export function describeEnd(how: "revoked" | "expired"): string {
  return how === "revoked" ? "was revoked" : "has expired";
}

/** The current state of the credential that requested a promotion. */
export interface CredentialState {
  /** Why it no longer permits the promotion, as a sentence; null if it does. */
  readonly problem: string | null;
  /** When it expires; null if it does not, or is no longer valid. */
  readonly endsAt: Date | null;
}

type RequestedPromotion = Pick<
  Promotion,
  "askedBy" | "loginExpiresAt" | "createdByName" | "createdByRole" | "pipelineId" | "forced" | "phase"
>;

/**
 * Whether the credential that requested a promotion may still promote.
 *
 * - Only the expiry of a login is known. A started promotion continues after it: it was admitted as a whole while the
 *   login was valid, and rollouts may last longer than logins.
 * - A token is locked, so that it cannot be revoked before the transaction ends.
 */
export async function checkCredential(tx: Tx, asked: RequestedPromotion, now: Date): Promise<CredentialState> {
  const { askedBy, loginExpiresAt, createdByName } = asked;
  if (loginExpiresAt !== null && asked.phase === "IN_PROGRESS") return { problem: null, endsAt: null };
  if (loginExpiresAt !== null) {
    if (loginExpiresAt <= now) return invalid(`The login of ${createdByName}, who asked for it, has expired.`);
    return { problem: null, endsAt: loginExpiresAt };
  }
  if (askedBy === null) return { problem: null, endsAt: null };
  const token = await tx.first(Token, { id: askedBy }, { lock: "share" });
  const what = `The token ${createdByName}, which asked for it,`;
  if (token === null) return invalid(`${what} no longer exists.`);
  if (token.revokedAt !== null) return invalid(`${what} was revoked.`);
  if (!isValid(token, now)) return invalid(`${what} has expired.`);
  const { id, name, role, person, groups, scope } = token;
  const viewer = { name, role, tokenId: id, subject: id, person, groups, scope };
  const needed: Action[] = asked.forced ? ["promote", "forcePromotion"] : ["promote"];
  if (!needed.every((action) => isPermitted(viewer, action)))
    return invalid(`${what} no longer has the required role.`);
  if (token.scope?.includes(asked.pipelineId) === false)
    return invalid(`${what} no longer has access to the pipeline.`);
  return { problem: null, endsAt: token.expiresAt };
}

function invalid(problem: string): CredentialState {
  return { problem, endsAt: null };
}
