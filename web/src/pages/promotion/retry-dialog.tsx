import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { BlockerList } from "../../acting/blocker-list";
import { TargetList } from "../../acting/target-list";
import { useIdempotencyKey, useMutation } from "../../acting/use-mutation";
import { usePreview } from "../../acting/use-preview";
import { type PromoteInput, RetryPromotionDocument } from "../../gql/graphql";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import type { PagePromotion } from "./promotion-page";
import { findRetryable } from "./promotion-tools";

interface RetryDialogProps {
  readonly promotion: PagePromotion;
  readonly revision: number;
  onClose(): void;
}

/** The plan of a promotion to the targets that failed or were cancelled, and the button that starts it. */
export default function RetryDialog({ promotion, revision, onClose }: RetryDialogProps) {
  const showToast = useToast();
  const navigate = useNavigate();
  const keyFor = useIdempotencyKey();
  const candidates = findRetryable(promotion);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set(candidates));
  const { source, release } = promotion;
  const base = { app: source?.id ?? "", release: release.id };
  const whole = usePreview({ ...base, targets: candidates }, revision);
  const targets = candidates.filter((app) => selected.has(app));
  const input: PromoteInput | null = useMemo(
    () => (targets.length === 0 ? null : { app: base.app, release: base.release, targets }),
    [base.app, base.release, targets],
  );
  const { plan, input: answered, error } = usePreview(input, revision);
  const {
    run,
    busy,
    error: refused,
  } = useMutation(RetryPromotionDocument, ({ retryPromotion }) => {
    const started = retryPromotion?.promotion;
    if (started != null) {
      showToast(started.phase === "WAITING" ? "The new promotion waits." : "The promotion is tried again.");
      void navigate(`/promotions/${started.id}`);
    }
    onClose();
  });
  const isCurrent = input !== null && JSON.stringify(answered) === JSON.stringify(input);
  const waits = isCurrent && plan?.promotable === false && plan.wouldWait;
  const submit = () => {
    const request = { promotion: promotion.id, targets, ...(waits && { whenReady: true }) };
    run({ input: { ...request, idempotencyKey: keyFor(request) } });
  };
  return (
    <Dialog
      title="Try the promotion again"
      action={waits ? "Try again when ready" : "Try again"}
      disabled={!isCurrent || !(plan?.promotable === true || waits)}
      busy={busy}
      error={refused ?? error?.message ?? whole.error?.message ?? null}
      onSubmit={submit}
      onClose={onClose}
    >
      {whole.plan === null ? (
        <p role="status">Loading …</p>
      ) : (
        <>
          <TargetList plan={whole.plan} selected={selected} onSelect={setSelected} />
          <BlockerList blockers={(input === null ? [] : plan?.blockers) ?? []} />
        </>
      )}
    </Dialog>
  );
}
