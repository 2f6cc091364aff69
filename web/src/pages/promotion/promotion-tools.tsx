import { lazy, Suspense, useState } from "react";
import { useMutation } from "../../acting/use-mutation";
import { loadPart } from "../../api/load-part";
import { PausePromotionDocument, ResumePromotionDocument } from "../../gql/graphql";
import { useHasRole, useIsViewer } from "../../session/session";
import { Button } from "../../ui/controls/button";
import { useToast } from "../../ui/dialogs/toasts";
import { Icon } from "../../ui/icons/icons";
import page from "../../ui/page.module.css";
import { VoteButtons } from "../approvals/voting";
import type { PagePromotion } from "./promotion-page";

const CancelDialog = lazy(() => loadPart(() => import("./cancel-dialog")));
const RetryDialog = lazy(() => loadPart(() => import("./retry-dialog")));
const UndoDialog = lazy(() => loadPart(() => import("./undo-dialog")));
const ReviewDialog = lazy(() => loadPart(() => import("./review-dialog")));

interface PromotionToolsProps {
  readonly promotion: PagePromotion;
  /** Increases with every change: an open plan is asked for again. */
  readonly revision: number;
}

type Open = "cancel" | "retry" | "undo" | "review";

/** What can be done with a promotion now, for those whom the service would let do it. */
export function PromotionTools({ promotion, revision }: PromotionToolsProps) {
  const mayAct = useHasRole("OPERATOR");
  const isViewer = useIsViewer();
  const [open, setOpen] = useState<Open | null>(null);
  const { phase, pipeline, source, targets, needsReview, createdBy } = promotion;
  const canAct = mayAct && pipeline !== null;
  const canCancel = canAct && (phase === "WAITING" || phase === "IN_PROGRESS");
  const canRetry = canAct && source !== null && source.deletedAt === null && findRetryable(promotion).length > 0;
  const canUndo =
    canAct && targets.some(({ app, release }) => release !== null && app?.currentRelease?.id === release.id);
  const close = () => setOpen(null);
  return (
    <div className={page.tools}>
      <VoteButtons promotion={promotion} />
      {canAct && needsReview && !isViewer(createdBy) && (
        <Button kind="primary" onClick={() => setOpen("review")}>
          Review
        </Button>
      )}
      {canRetry && (
        <Button kind="primary" onClick={() => setOpen("retry")}>
          Try again
        </Button>
      )}
      {canUndo && (
        <Button kind="plain" onClick={() => setOpen("undo")}>
          <Icon name="undo" size={14} /> Undo
        </Button>
      )}
      {canAct && targets.some((target) => target.phase === "WAITING") && <PauseButton promotion={promotion} />}
      {canCancel && (
        <Button kind="plain" onClick={() => setOpen("cancel")}>
          Cancel promotion
        </Button>
      )}
      <Suspense fallback={null}>
        {open === "cancel" && <CancelDialog promotion={promotion} onClose={close} />}
        {open === "retry" && <RetryDialog promotion={promotion} revision={revision} onClose={close} />}
        {open === "undo" && <UndoDialog promotion={promotion} onClose={close} />}
        {open === "review" && <ReviewDialog promotion={promotion} onClose={close} />}
      </Suspense>
    </div>
  );
}

/** Keeps what waits from going on, or lets it: in one click, as each undoes the other. */
function PauseButton({ promotion: { id, paused } }: { readonly promotion: PagePromotion }) {
  const showToast = useToast();
  const pause = useMutation(PausePromotionDocument, () => showToast("Paused. What is under way goes on."));
  const resume = useMutation(ResumePromotionDocument, () => showToast("Resumed."));
  const { run, busy, error } = paused ? resume : pause;
  return (
    <>
      <Button kind={paused ? "primary" : "plain"} busy={busy} onClick={() => run({ input: { promotion: id } })}>
        {paused ? "Resume" : "Pause"}
      </Button>
      {error !== null && <p role="alert">{error}</p>}
    </>
  );
}

/** The ids of the apps that a promotion can be tried again on. */
export function findRetryable({ phase, targets }: PagePromotion): string[] {
  if (phase === "WAITING") return [];
  return targets.flatMap(({ app, phase }) =>
    app !== null && app.deletedAt === null && (phase === "FAILED" || phase === "CANCELLED") ? app.id : [],
  );
}
