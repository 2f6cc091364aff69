import type { BlockerCode } from "../../../gql/graphql";
import { readable } from "../../../ui/text/format";

interface BlockerLike {
  readonly code: BlockerCode;
  readonly message: string;
  readonly context: string | null;
}

const CHECK_WORDS: Partial<Record<BlockerCode, string>> = {
  CHECK_MISSING: "missing",
  CHECK_PENDING: "pending",
  CHECK_FAILED: "failed",
};

const SHORT: Partial<Record<BlockerCode, string>> = {
  FROZEN: "frozen",
  WINDOW_CLOSED: "outside of its window",
  SOAKING: "soaking",
  APPROVAL_REQUIRED: "needs approval",
  NOT_BEFORE: "not yet",
  CONFIG_MISSING: "variables are missing",
  BUILD_QUARANTINED: "quarantined",
  RELEASE_NOT_SUCCEEDED: "not deployed yet",
  NOT_VERIFIED: "not verified",
  PAUSED: "paused",
  MANUAL_WAVE: "waits for a person to begin the wave",
  WAVE_NOT_ENDED: "waits for the wave before",
  WAVE_PAUSE: "pauses between waves",
  PARALLEL_LIMIT: "waits for others to end",
};

/** Whether a blocker is about a check. The card of the source shows its checks. */
export function isAboutCheck({ code }: BlockerLike): boolean {
  return CHECK_WORDS[code] !== undefined;
}

/** The reasons in a few words, each once: `qa/smoke missing, ci/build failed`. Several apps can have the same. */
export function describeBlockers(blockers: readonly BlockerLike[]): string {
  const checks = blockers.flatMap(({ code, context }) => {
    const word = CHECK_WORDS[code];
    return word === undefined || context === null ? [] : [`${context} ${word}`];
  });
  const others = blockers
    .filter(({ code }) => CHECK_WORDS[code] === undefined)
    .map(({ code, message }) => SHORT[code] ?? readable(message));
  const [first, ...rest] = [...new Set([...others, ...checks])];
  return rest.length === 0 ? (first ?? "") : `${first} and ${rest.length} more`;
}
