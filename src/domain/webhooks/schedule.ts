/** The delay before each retry, in milliseconds: 5 s, 30 s, 5 min, 30 min, 2 h, then every 4 h. */
const DELAYS_MS = [5_000, 30_000, 300_000, 1_800_000, 7_200_000, 14_400_000] as const;
/** Each delay is longer or shorter by up to this fraction, so that webhooks do not retry at the same time. */
const JITTER = 0.2;

/** A webhook is FAILING after this number of consecutive failures. */
export const FAILING_FROM = 3;
/** A webhook is paused after it has failed for this time, in milliseconds: 5 days. */
export const GIVE_UP_MS = 5 * 24 * 60 * 60 * 1000;

/**
 * The delay before the next attempt, in milliseconds.
 *
 * @param failures how many attempts failed, 1 or more
 * @param retryAfter what the receiver asked for, in milliseconds; it can only make the delay longer
 * @param random from 0 to 1
 */
export function retryDelay(failures: number, retryAfter: number | null, random: number): number {
  const delay = DELAYS_MS[Math.min(failures, DELAYS_MS.length) - 1] ?? DELAYS_MS[0];
  return Math.round(Math.max(delay * (1 + JITTER * (2 * random - 1)), retryAfter ?? 0));
}
