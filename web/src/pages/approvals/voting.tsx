import { createContext, lazy, type ReactNode, Suspense, useContext, useState } from "react";
import { loadPart } from "../../api/load-part";
import type { RuleProgressFragment } from "../../gql/graphql";
import { Button } from "../../ui/controls/button";
import type { VoteRequest } from "./vote-dialog";

const VoteDialog = lazy(() => loadPart(() => import("./vote-dialog")));
const VotingContext = createContext<(request: VoteRequest) => void>(() => undefined);

/** Offers votes to what is inside, and shows their dialog. */
export function VotingProvider({ children }: { readonly children: ReactNode }) {
  const [request, setRequest] = useState<VoteRequest | null>(null);
  return (
    <VotingContext value={setRequest}>
      {children}
      <Suspense fallback={null}>
        {request !== null && <VoteDialog {...request} onClose={() => setRequest(null)} />}
      </Suspense>
    </VotingContext>
  );
}

interface VoteButtonsProps {
  readonly promotion: {
    readonly id: string;
    readonly release: { readonly version: number };
    readonly source: { readonly name: string } | null;
    readonly approvalProgress: readonly RuleProgressFragment[];
  };
}

/** Nothing for those whose vote would be refused. */
export function VoteButtons({ promotion }: VoteButtonsProps) {
  const vote = useContext(VotingContext);
  if (!mayVote(promotion.approvalProgress)) return null;
  const what = ` ${promotion.source?.name ?? "a deleted app"} v${promotion.release.version}`;
  return (
    <>
      <Button kind="primary" onClick={() => vote({ promotion: promotion.id, decision: "approve" })}>
        Approve<span className="visually-hidden">{what}</span>
      </Button>
      <Button kind="plain" onClick={() => vote({ promotion: promotion.id, decision: "reject" })}>
        Reject<span className="visually-hidden">{what}</span>
      </Button>
    </>
  );
}

/** Whether the viewer's vote is wanted. */
export function mayVote(progress: readonly RuleProgressFragment[]): boolean {
  return progress.some(({ met, viewerMayVote }) => !met && viewerMayVote);
}
