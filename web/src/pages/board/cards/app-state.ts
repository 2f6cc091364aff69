import type { StateName } from "../../../ui/icons/icons";
import type { BoardApp, BoardRelease } from "../model";

/** What an app runs and what happens to it. */
export interface AppState {
  readonly icon: StateName;
  /** For screen readers and tooltips, for example `running`. */
  readonly word: string;
  readonly current: BoardRelease | null;
  /** The newest release, unless it is the current one: on its way, failed or superseded. */
  readonly next: BoardRelease | null;
  /** Sorts apps that need attention first: 0 failed, 1 under way, 2 failed checks or verification, 3 others. */
  readonly rank: number;
}

export function findAppState(app: BoardApp): AppState {
  const current = app.currentRelease;
  const [latest] = app.releases.nodes;
  const next = latest === undefined || latest.id === current?.id ? null : latest;
  if (next?.phase === "FAILED") return { icon: "bad", word: "deployment failed", current, next, rank: 0 };
  if (next?.phase === "DEPLOYING") return { icon: "busy", word: "deploying", current, next, rank: 1 };
  if (next?.phase === "QUEUED") return { icon: "queued", word: "queued", current, next, rank: 1 };
  if (current === null) return { icon: "none", word: "no release", current, next: null, rank: 3 };
  if (current.verificationProblem !== null)
    return { icon: "bad", word: "verification failed", current, next: null, rank: 2 };
  if (current.verifyBy !== null) return { icon: "pending", word: "verifying", current, next: null, rank: 1 };
  const checksFailed = current.state === "FAILURE" || current.state === "ERROR";
  return { icon: "good", word: "running", current, next: null, rank: checksFailed ? 2 : 3 };
}
