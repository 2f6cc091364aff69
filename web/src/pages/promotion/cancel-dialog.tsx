import { useState } from "react";
import acting from "../../acting/acting.module.css";
import { useMutation } from "../../acting/use-mutation";
import { CancelPromotionDocument } from "../../gql/graphql";
import { ReasonField } from "../../ui/controls/reason-field";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import { count } from "../../ui/text/format";
import { Phase } from "../../ui/text/phase";
import type { PagePromotion } from "./promotion-page";

/** Cancels a promotion that waits or is in progress. */
export default function CancelDialog({ promotion, onClose }: { readonly promotion: PagePromotion; onClose(): void }) {
  const showToast = useToast();
  const [reason, setReason] = useState("");
  const { id, phase, targets } = promotion;
  const deploying = targets.filter((target) => target.phase === "DEPLOYING").length;
  const { run, busy, error } = useMutation(CancelPromotionDocument, () => {
    showToast(deploying > 0 ? "The deployers are asked to stop." : "The promotion was cancelled.");
    onClose();
  });
  return (
    <Dialog
      title="Cancel the promotion"
      action="Cancel promotion"
      cancel="Keep it"
      danger
      disabled={reason.trim() === "" || (phase !== "WAITING" && phase !== "IN_PROGRESS")}
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { promotion: id, reason: reason.trim() } })}
      onClose={onClose}
    >
      <section className={acting.targets} aria-label="Targets">
        <div className={acting.list}>
          {targets.map(({ id, app, phase }) => (
            <div key={id}>
              <span className={acting.name}>{app?.name ?? "a deleted app"}</span>
              <span className={acting.change}>
                <Phase phase={phase} />
              </span>
            </div>
          ))}
        </div>
      </section>
      <p className={acting.note}>
        {deploying === 0
          ? "What has not begun to deploy ends. What has succeeded stays."
          : `What is queued ends. The ${deploying === 1 ? "deployer" : "deployers"} of ${count(deploying, "app")} that ${deploying === 1 ? "is" : "are"} deploying ${deploying === 1 ? "is" : "are"} asked to stop.`}
      </p>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  );
}
