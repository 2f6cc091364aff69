import { createContext, type ReactNode, useContext, useMemo } from "react";
import { useLive } from "../../api/use-live";
import { type EventType, WaitingDocument } from "../../gql/graphql";

/** Events that change which promotions wait, or for whom. */
export const WAITING_EVENTS: readonly EventType[] = [
  ...(["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FINISHED"] as const),
  ...(["APPROVAL_GIVEN", "APPROVAL_REJECTED", "APPROVAL_VOIDED"] as const),
  ...(["APPROVAL_RULE_CREATED", "APPROVAL_RULE_UPDATED", "APPROVAL_RULE_DELETED"] as const),
];

/** Events that change what a promotion waits for. */
export const BLOCKER_EVENTS: readonly EventType[] = [
  ...WAITING_EVENTS,
  ...(["GATE_OPENED", "GATE_CLOSED", "FREEZE_STARTED", "FREEZE_EXTENDED", "FREEZE_ENDED", "FREEZE_EXEMPTED"] as const),
  ...(["WINDOW_CREATED", "WINDOW_UPDATED", "WINDOW_DELETED", "STAGE_POLICY_UPDATED"] as const),
  ...(["RELEASE_STATUS_REPORTED", "COUPLING_CHECKS_UPDATED", "CONFIG_CHANGED"] as const),
  ...(["RELEASE_VERIFIED", "VERIFICATION_FAILED", "BUILD_QUARANTINED", "BUILD_RELEASED"] as const),
];

export interface WaitingCount {
  readonly mine: number;
  readonly all: number;
}

export interface Waiting extends WaitingCount {
  /** Whether more than `mine` may wait for the viewer's vote. */
  readonly moreMine: boolean;
  /** By the id of the pipeline. */
  readonly pipelines: ReadonlyMap<string, WaitingCount>;
}

const NONE: Waiting = { mine: 0, moreMine: false, all: 0, pipelines: new Map() };
const WaitingContext = createContext<Waiting>(NONE);

/** How many promotions wait, and how many of them for the viewer's vote. */
export function useWaiting(): Waiting {
  return useContext(WaitingContext);
}

export function WaitingProvider({ children }: { readonly children: ReactNode }) {
  const { data } = useLive(WaitingDocument, {}, { types: WAITING_EVENTS });
  const waiting = useMemo<Waiting>(() => {
    if (data === null) return NONE;
    const pipelines = new Map<string, WaitingCount>();
    const add = (id: string | undefined, mine: number, all: number) => {
      if (id === undefined) return;
      const before = pipelines.get(id) ?? { mine: 0, all: 0 };
      pipelines.set(id, { mine: before.mine + mine, all: before.all + all });
    };
    const { nodes: mine, pageInfo } = data.awaitingMyApproval;
    for (const { pipeline } of mine) add(pipeline?.id, 1, 0);
    for (const { pipeline } of data.promotions.nodes) add(pipeline?.id, 0, 1);
    return { mine: mine.length, moreMine: pageInfo.hasNextPage, all: data.promotions.totalCount, pipelines };
  }, [data]);
  return <WaitingContext value={waiting}>{children}</WaitingContext>;
}
