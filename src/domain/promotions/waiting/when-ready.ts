import { badInput } from "../../core/refusal.js";
import { parseDuration, readDuration } from "../../core/values/duration.js";
import type { PromoteInput } from "../promote-input.js";

/* Parses the options of a waiting promotion. */

/** How long a promotion waits by default. */
export const DEFAULT_EXPIRES_IN = "72h";
/** How far ahead `notBefore` may be. */
const MAX_AHEAD = "30d";

/** How long the promotion may wait, in milliseconds. */
export function parseExpiresIn({ expiresIn }: Pick<PromoteInput, "expiresIn">): number {
  return parseDuration("expiresIn", expiresIn ?? DEFAULT_EXPIRES_IN, "1m", "30d");
}

/**
 * Whether the promotion may wait, instead of being refused.
 *
 * @param now the time of the transaction
 */
export function parseWhenReady(
  { whenReady, notBefore }: Pick<PromoteInput, "whenReady" | "notBefore">,
  now: Date,
): boolean {
  if (notBefore == null) return whenReady === true;
  if (notBefore.getTime() - now.getTime() > readDuration(MAX_AHEAD)) {
    throw badInput("notBefore", `notBefore must be at most ${MAX_AHEAD} ahead.`);
  }
  return true;
}
