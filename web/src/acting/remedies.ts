import type { BlockerDetailsFragment, Remedy } from "../gql/graphql";
import { formatDuration, formatMoment } from "../ui/text/format";

/** What clears a blocker and when, in a sentence. */
export function describeRemedy(blocker: BlockerDetailsFragment, now: number): string {
  const { code, context, clearsAt, remedies } = blocker;
  if (clearsAt !== null) {
    const wait = Date.parse(clearsAt) - now;
    return wait > 0 ? `Clears ${formatMoment(clearsAt, now)}, in ${formatDuration(wait)}.` : "Clears now.";
  }
  if (code === "CHECK_FAILED" && context !== null) return `Clears when ${context} runs again and reports success.`;
  if (code === "UP_TO_DATE") return "There is nothing to promote.";
  const sentences = remedies.flatMap((remedy) => SENTENCES[remedy]?.(context) ?? []);
  return sentences[0] ?? (remedies.includes("FORCE") ? "Only force passes it." : "Nothing clears it.");
}

const SENTENCES: Partial<Record<Remedy, (context: string | null) => string>> = {
  REPORT_STATUS: (context) => `Clears when ${context ?? "the check"} reports success.`,
  APPROVE: () => "Clears when the promotion is approved.",
  WAIT: () => "Clears with time.",
  LIFT_FREEZE: () => "Clears when the freeze is lifted.",
  SET_CONFIG: () => "Clears when the variables are set.",
  DEPLOY: () => "Clears when the deployment has succeeded.",
  ADVANCE: () => "Clears when somebody lets the wave begin.",
  RELEASE_BUILD: () => "Clears when an administrator ends the quarantine.",
  RESUME: () => "Clears when the promotion is resumed.",
};
