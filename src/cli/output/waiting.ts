import { nameCommands } from "../api/argument-names.js";
import type { BlockerFragment, PromotionFragment } from "../api/generated.js";
import { lower, relativeTime, singleLine } from "./format.js";

/* What a promotion waits for. */

/** One line for each blocker: its message, what clears it, and when. */
export function waitingLines({ blockers }: { readonly blockers: readonly BlockerFragment[] }, now: number): string[] {
  return blockers.map((blocker) => `  • ${singleLine(nameCommands(blocker.message))} ${clearedBy(blocker, now)}`);
}

/** `(in 2 hours)`, or `(report status or force)`. */
function clearedBy({ remedies, clearsAt }: BlockerFragment, now: number): string {
  if (clearsAt !== null) return `(${countdown(clearsAt, now)})`;
  return `(${remedies.map(lower).join(" or ") || "nothing clears it"})`;
}

/** `in 1:02:03`, to the second below a day; `in 3 days` above. */
export function countdown(instant: string, now: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(instant) - now) / 1000));
  if (seconds >= 86_400) return relativeTime(instant, now);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const two = (value: number) => String(value).padStart(2, "0");
  return `in ${hours}:${two(minutes)}:${two(seconds % 60)}`;
}

/** How a promotion that never started has ended, with the reason if there is one: `Expired.` */
export function endLine({ phase, endReason }: Pick<PromotionFragment, "phase" | "endReason">): string {
  const word = lower(phase);
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}${endReason === null ? "." : `: ${singleLine(endReason)}`}`;
}
