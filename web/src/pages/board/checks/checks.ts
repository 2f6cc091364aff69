import type { StatusState } from "../../../gql/graphql";
import type { StateName } from "../../../ui/icons/icons";
import type { BoardRelease } from "../model";

/** A check of a release: reported, or required by the next stage and never reported. */
export interface Check {
  readonly context: string;
  /** Null if it was never reported. */
  readonly state: StatusState | null;
  readonly required: boolean;
  readonly description: string | null;
  readonly url: string | null;
}

const ORDER: readonly (StatusState | null)[] = ["ERROR", "FAILURE", null, "PENDING", "SUCCESS"];

/** The checks of a release, those that hold it back first. */
export function listChecks(release: BoardRelease, required: ReadonlySet<string>): Check[] {
  const reported = release.statuses.map(({ context, state, description, targetUrl }) => {
    return { context, state, required: required.has(context), description, url: targetUrl };
  });
  const known = new Set(reported.map(({ context }) => context));
  const missing = [...required].filter((context) => !known.has(context));
  const all: Check[] = [
    ...reported,
    ...missing.map((context) => ({ context, state: null, required: true, description: null, url: null })),
  ];
  return all.sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.context.localeCompare(b.context));
}

const ICONS: Readonly<Record<StatusState, StateName>> = {
  SUCCESS: "good",
  FAILURE: "bad",
  ERROR: "bad",
  PENDING: "pending",
};

export function checkIcon(state: StatusState | null): StateName {
  return state === null ? "missing" : ICONS[state];
}

const WORDS: Readonly<Record<StatusState, string>> = {
  SUCCESS: "passed",
  FAILURE: "failed",
  ERROR: "error",
  PENDING: "pending",
};

export function checkWord(state: StatusState | null): string {
  return state === null ? "missing" : WORDS[state];
}
